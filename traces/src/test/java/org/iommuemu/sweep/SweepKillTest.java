// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is left of a sweep whose process ends before it does. */
class SweepKillTest {
    private static final int POINTS = 24;
    private static final int KILLS = 3;
    private static final List<String> RESULTS = List.of("results.csv", "results.json", "report.html");

    @TempDir
    private Path folder;

    private Path sweep;
    private Path output;
    private Path log;

    @BeforeEach
    void writeSweep() throws IOException {
        sweep = folder.resolve("x.yaml");
        output = folder.resolve("killed");
        log = folder.resolve("log");
        Files.writeString(sweep, """
                traces:
                  - generate: {pattern: hyper-tenant, tenants: 8, records: 150000, seed: 3}
                  - generate: {pattern: ring, tenants: 2, records: 20000, seed: 4}
                sweeps:
                  - name: misses
                    parameters: {iotlb.entries: [8, 64, 512], iotlb.ways: [4, 0], iotlb.policy: [lru, random]}
                  - name: five-hundred-and-twelve
                    parameters: {iotlb.entries: 512, iotlb.ways: 4, iotlb.policy: [lru]}
                """);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void shouldComeToTheSameBytesAfterBeingKilledWhenever(long seed) throws Exception {
        final Path whole = folder.resolve("whole");
        assertThat(SweepRun.of(sweep, "--output", whole, "--threads", 1).status())
                .isZero();

        final RandomStream random = new RandomStream(seed);
        for (int i = 0; i < KILLS; i++) {
            final Process run = SweepRun.start(log, sweep, "--output", output, "--threads", 2, "--resume");
            killAt(run, lines() + random.nextBelow(POINTS / KILLS + 1), random.nextBelow(30));
        }
        final SweepRun last = SweepRun.of(sweep, "--output", output, "--threads", 2, "--resume");

        assertThat(last.err()).isEmpty();
        assertThat(last.status()).isZero();
        for (String name : RESULTS) {
            assertThat(output.resolve(name)).hasSameBinaryContentAs(whole.resolve(name));
        }
        assertThat(SweepRun.files(output)).isEqualTo(SweepRun.files(whole));
        // The two of the second study are among those of the first: a point is run once.
        assertThat(ids()).hasSize(POINTS).doesNotHaveDuplicates();
    }

    @Test
    void shouldSayHowToGoOnWhenTerminated() throws Exception {
        final Process run = SweepRun.start(log, sweep, "--output", output, "--threads", 1);
        await(run, 2);
        run.destroy();

        assertThat(run.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(run.exitValue()).isEqualTo(143);
        assertThat(Files.readString(log))
                .matches(
                        "iommu-emu: interrupted with \\d+ of 24 points finished; go on with: iommu-emu sweep \\S+x.yaml"
                                + " --output \\S+killed --resume\n");
        assertThat(SweepRun.files(output)).doesNotContain("results.csv");
    }

    /** Kills a run some time after its journal has so many lines, or when it is over. */
    private void killAt(Process run, long lines, long milliseconds) throws Exception {
        await(run, lines);
        final boolean over = run.waitFor(milliseconds, TimeUnit.MILLISECONDS);
        run.destroyForcibly();
        assertThat(run.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(over ? "" : Files.readString(log)).isEmpty();
    }

    private void await(Process run, long lines) throws Exception {
        while (run.isAlive() && lines() < lines) {
            Thread.sleep(1);
        }
    }

    private long lines() throws IOException {
        final Path journal = output.resolve("journal.jsonl");
        return Files.exists(journal)
                ? Files.readString(journal).chars().filter(c -> c == '\n').count()
                : 0;
    }

    private List<String> ids() throws IOException {
        return Files.readAllLines(output.resolve("journal.jsonl")).stream()
                .map(line -> line.substring(9, 40))
                .toList();
    }
}
