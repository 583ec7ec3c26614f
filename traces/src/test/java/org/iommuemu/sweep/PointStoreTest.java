// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.iommuemu.capture.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PointStoreTest {
    private static final SweepPlan PLAN = plan("[16, 32, 64]");

    @TempDir
    private Path folder;

    private static SweepPlan plan(String entries) {
        return SweepPlan.of(
                SweepPlanTest.file("traces: [{generate: {}, name: a}]\nparameters: {iotlb.entries: " + entries + "}"),
                Map.of("a", "00"),
                10);
    }

    private static PointResult result(int index, long misses) {
        return new PointResult(PLAN.points().get(index), Map.of(Metric.IOTLB_MISSES, misses), null);
    }

    private Path output() {
        return folder.resolve("results");
    }

    private Path journal() {
        return output().resolve("journal.jsonl");
    }

    private void keepTwo() {
        try (PointStore store = PointStore.open(output(), false)) {
            store.begin(PLAN);
            store.add(result(0, 11));
            store.add(PointResult.failed(PLAN.points().get(2), "no, \"never\""));
        }
    }

    @Test
    void shouldKeepFinishedPoints() {
        keepTwo();

        try (PointStore store = PointStore.open(output(), true)) {
            store.begin(PLAN);

            assertThat(store.result(PLAN.points().get(0))).isEqualTo(result(0, 11));
            assertThat(store.result(PLAN.points().get(1))).isNull();
            assertThat(store.result(PLAN.points().get(2)))
                    .isEqualTo(PointResult.failed(PLAN.points().get(2), "no, \"never\""));
        }
    }

    @Test
    void shouldForgetALineThatEndsInTheMiddleWhereverThatIs() throws IOException {
        keepTwo();
        final byte[] whole = Files.readAllBytes(journal());
        final int first = Files.readString(journal()).indexOf('\n') + 1;
        for (int length = first; length < whole.length; length++) {
            Files.write(journal(), java.util.Arrays.copyOf(whole, length));

            try (PointStore store = PointStore.open(output(), true)) {
                store.begin(PLAN);
                assertThat(store.result(PLAN.points().get(0))).isNotNull();
                assertThat(store.result(PLAN.points().get(2))).isNull();
                store.add(PointResult.failed(PLAN.points().get(2), "no, \"never\""));
            }

            assertThat(Files.readAllBytes(journal())).isEqualTo(whole);
        }
    }

    @Test
    void shouldNameADamagedLine() throws IOException {
        keepTwo();
        Files.writeString(journal(), Files.readString(journal()).replace("\"11\"", "\"12\""));

        try (PointStore store = PointStore.open(output(), true)) {
            assertThatThrownBy(() -> store.begin(PLAN))
                    .isInstanceOf(InputException.class)
                    .hasMessage(journal() + ":1: is damaged; expected lines with their checksum; without this line its"
                            + " point is run again");
        }
    }

    @Test
    void shouldNotMixPlans() {
        keepTwo();

        try (PointStore store = PointStore.open(output(), true)) {
            assertThatThrownBy(() -> store.begin(plan("[16, 32]")))
                    .isInstanceOf(InputException.class)
                    .hasMessage(output() + ": has results of another sweep, or of other traces; expected the same, or"
                            + " another folder");
        }
    }

    @Test
    void shouldNotOverwriteResultsUnasked() {
        keepTwo();

        assertThatThrownBy(() -> PointStore.open(output(), false))
                .isInstanceOf(InputException.class)
                .hasMessage(output() + ": has results already; expected --resume with it, or another folder");
    }

    @Test
    void shouldLeaveAFolderOfSomethingElseAlone() throws IOException {
        Files.createDirectories(output());
        Files.writeString(output().resolve("thesis.tex"), "x");

        for (boolean resume : new boolean[] {false, true}) {
            assertThatThrownBy(() -> PointStore.open(output(), resume))
                    .isInstanceOf(InputException.class)
                    .hasMessage(output() + ": holds something else; expected an empty folder, or none yet");
        }
        assertThat(SweepRun.files(output())).containsExactly("thesis.tex");
    }

    @Test
    void shouldRefuseASecondRunInOneFolder() {
        try (PointStore first = PointStore.open(output(), false)) {
            assertThat(first.file("x")).isEqualTo(output().resolve("x"));
            assertThatThrownBy(() -> PointStore.open(output(), true))
                    .isInstanceOf(InputException.class)
                    .hasMessage(output().resolve("lock")
                            + ": is held by another run; expected one run in a folder at a time");
        }
    }

    @Test
    void shouldRefuseAFileInPlaceOfAFolder() throws IOException {
        Files.writeString(output(), "x");

        assertThatThrownBy(() -> PointStore.open(output(), true))
                .isInstanceOf(InputException.class)
                .hasMessage(output() + ": is no folder; expected a folder for results, or none yet");
    }
}
