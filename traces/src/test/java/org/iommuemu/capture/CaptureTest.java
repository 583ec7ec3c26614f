// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CaptureTest {
    @TempDir
    Path temp;

    private CaptureFolder capture;

    @BeforeEach
    void makeFolder() {
        capture = CaptureFolder.in(temp);
    }

    @Test
    void shouldOpenTheSmallestCapture() {
        final Capture opened = capture.open();

        assertThat(opened.folder()).isEqualTo(temp);
        assertThat(opened.name()).isEqualTo(temp.getFileName().toString());
        assertThat(opened.isSmmuV3()).isTrue();
        assertThat(opened.idle()).isEmpty();
        assertThat(opened.hasTrace()).isFalse();
        assertThat(opened.pageTableWrites()).isEmpty();
        assertThat(opened.probeMmio()).isEmpty();
        assertThat(opened.features().isEmpty()).isTrue();
        assertThat(opened.busy().mappings()).isEmpty();
        assertThat(opened.busy().probes()).isEmpty();
        assertThat(opened.busy().traceSeqAtStop()).isEmpty();
    }

    @Test
    void shouldNameTheFolderWhenItDoesNotExistOrIsAFile() {
        assertThatThrownBy(() -> Capture.open(temp.resolve("none")))
                .isInstanceOf(InputException.class)
                .hasMessage(temp.resolve("none") + ": does not exist; expected a capture folder");
        assertThatThrownBy(() -> Capture.open(temp.resolve("memory.bin")))
                .hasMessage(temp.resolve("memory.bin") + ": is not a folder; expected a capture folder");
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory.bin", "memory.json", "registers.json"})
    void shouldNameTheFileWhenOneIsMissing(String name) {
        capture.without(name);

        assertThatThrownBy(capture::open)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(capture.file(name) + ": does not exist; expected");
    }

    @Test
    void shouldNameTheFileOfTheIdleSnapshotWhenOneIsMissing() {
        capture.with("idle/memory.json", "{}");

        assertThatThrownBy(capture::open).hasMessageStartingWith(capture.file("idle/memory.bin") + ": does not exist");
    }

    @Test
    void shouldRefuseAnUnknownDevice() {
        capture.with("registers.json", "{\"device\": \"AMD-Vi\", \"registers\": []}");

        assertThatThrownBy(capture::open)
                .hasMessage(capture.file("registers.json") + ": device is \"AMD-Vi\"; expected SMMUv3 or VT-d");
    }

    @Test
    void shouldSayThatThereIsNoTrace() {
        final Capture opened = capture.open();

        assertThatThrownBy(opened::trace).hasMessage(temp + ": has no trace; expected trace.csv or trace.csv.gz in it");
    }

    @Test
    void shouldNameTheColumnWhenTraceOrPageTableWritesLackOne() {
        capture.with("trace.csv", "seq,op\n").with("ptw-observed.csv", "before_seq,level,address\n");
        final Capture opened = capture.open();

        assertThat(opened.hasTrace()).isTrue();
        assertThatThrownBy(opened::trace).hasMessageStartingWith(capture.file("trace.csv") + ":1: no column 'kind'");
        assertThatThrownBy(opened::pageTableWrites)
                .hasMessageStartingWith(capture.file("ptw-observed.csv") + ":1: no column 'descriptor'");
    }

    @Test
    void shouldReadTheStopOfTheTrace() {
        capture.with("tables.json", "{\"trace_seq_at_stop\": 65663}");

        assertThat(capture.open().busy().traceSeqAtStop()).hasValue(65663);
    }

    @Test
    void shouldRefuseAStopThatIsNoNumber() {
        capture.with("tables.json", "{\"trace_seq_at_stop\": -1}");
        final Snapshot busy = capture.open().busy();

        assertThatThrownBy(busy::traceSeqAtStop)
                .hasMessageStartingWith(capture.file("tables.json") + ": trace_seq_at_stop is -1; expected");
    }

    @Test
    void shouldReadFeaturesByNameAndByOffset() {
        capture.with("features.json", "{\"ecap\": \"0xc80000f00f4e\", \"0x8\": 5, \"why\": \"because\"}");

        final FeatureOverrides features = capture.open().features();

        assertThat(features.byName()).containsExactly(Map.entry("ECAP", 0xc80000f00f4eL));
        assertThat(features.value("ecap", 0x10)).hasValue(0xc80000f00f4eL);
        assertThat(features.value("CAP", 8)).hasValue(5);
        assertThat(features.value("VER", 0)).isEmpty();
        assertThat(features.reason()).isEqualTo("because");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"ecap\": \"zz\"}", "{\"ecap\": {}}", "{\"0xzz\": 1}", "{\"ecap\": 1, \"ECAP\": 2}"})
    void shouldNameTheFileWhenAFeatureIsWrong(String json) {
        capture.with("features.json", json);
        final Capture opened = capture.open();

        assertThatThrownBy(opened::features)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(capture.file("features.json") + ": ");
    }

    @Test
    void shouldReadTheDriversRegisterAccesses() {
        capture.with("probe-mmio.csv", """
                seq,timestamp_ns,rw,offset,size,value,register,note
                1,5,read,0x8,8,0xd2008c22260206,CAP,constant register
                2,6,write,0x9c,4,,CMDQ_CONS,
                """);

        assertThat(capture.open().probeMmio().orElseThrow())
                .containsExactly(
                        new MmioAccess(
                                2, 1, false, 8, 8, OptionalLong.of(0xd2008c22260206L), "CAP", "constant register"),
                        new MmioAccess(3, 2, true, 0x9c, 4, OptionalLong.empty(), "CMDQ_CONS", ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x,0x8,4,0x0", "read,0x2,4,0x0", "read,0x8,3,0x0", "read,0x8,4,0x100000000", "read,,4,"})
    void shouldNameTheLineWhenARegisterAccessIsWrong(String fields) {
        capture.with("probe-mmio.csv", "seq,rw,offset,size,value\n1,read,0x0,4,0x0\n2," + fields + "\n");
        final Capture opened = capture.open();

        assertThatThrownBy(opened::probeMmio)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(capture.file("probe-mmio.csv") + ":3: ");
    }
}
