// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SnapshotTest {
    private static final String MAPPING =
            "0x10,,5,0xffe00000,2097152,0x40000000,1,0,2,0x43200ff8,0x40000f4d,0,ok,fault\n";
    private static final String WORD = "0000005000000013";

    @TempDir
    Path temp;

    private CaptureFolder capture;

    @BeforeEach
    void makeFolder() {
        capture = CaptureFolder.in(temp);
    }

    @Test
    void shouldReadAMapping() {
        capture.with("mappings.csv", CaptureFolder.MAPPINGS_HEADER + MAPPING);

        final List<Mapping> mappings = busy().mappings();

        assertThat(mappings)
                .containsExactly(new Mapping(
                        2,
                        0x10,
                        -1,
                        5,
                        0xffe00000L,
                        2 << 20,
                        0x40000000,
                        true,
                        false,
                        2,
                        0x43200ff8,
                        0x40000f4d,
                        false,
                        "ok",
                        "fault",
                        ""));
    }

    @ParameterizedTest
    @CsvSource({
        "0x10, 0x100000000, sid",
        "',5,', ',x,', asid",
        "',,5', ',1048576,5', pasid",
        "2097152, 4097, size",
        "2097152, 0, size",
        "0xffe00000, 0xffe01000, iova",
        "0x40000000, 0x40001000, pa",
        "0x40000000, 0x10000000000000, pa",
        "',1,0,2', ',1,x,2', writable",
        "',1,0,2', ',1,0,6', level",
        "0x43200ff8, 0x43200ffc, pte_addr",
        "0x40000f4d, 0x1ffffffffffffffff, pte",
        "'ok,fault', 'maybe,fault', replay_read"
    })
    void shouldNameLineAndColumnWhenAMappingIsWrong(String good, String bad, String column) {
        assertThat(MAPPING).contains(good);
        capture.with("mappings.csv", CaptureFolder.MAPPINGS_HEADER + MAPPING + MAPPING.replaceFirst(good, bad));
        final Snapshot busy = busy();

        assertThatThrownBy(busy::mappings)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(capture.file("mappings.csv") + ":3: " + column + " is ")
                .hasMessageContaining("; expected ");
    }

    @Test
    void shouldReadMappingsWithoutTheOptionalColumns() {
        capture.with(
                "mappings.csv",
                "sid,iova,size,pa,readable,writable,level,pte_addr,pte\n"
                        + "0xffffffff,0xfffffffffffff000,4096,0xffffffffff000,1,1,1,0x8,0xffffffffffffffff\n");

        final Mapping mapping = busy().mappings().get(0);

        assertThat(mapping.sid()).isEqualTo(-1);
        assertThat(mapping.pasid()).isEqualTo(-1);
        assertThat(mapping.asid()).isEqualTo(-1);
        assertThat(mapping.iova()).isEqualTo(0xfffffffffffff000L);
        assertThat(mapping.pte()).isEqualTo(-1L);
        assertThat(mapping.replayRead()).isEmpty();
    }

    @Test
    void shouldReadProbesWithTheirRecords() {
        capture.with("probes.csv", CaptureFolder.PROBES_HEADER + """
                0x10,,W,0xffdffe18,0x487c9e18,RW,,,mapped
                0x10,3,R,0xfffffffffffff000,,,reason_0x6,00000000ffed6000-c0ffff0600000028,unmapped
                0x10,,R,0x8000000000,,,SMMU_EVT_F_TRANSLATION,0000003000000010-0000000000000000-0000008000000000-\
                0000000000000000,unmapped
                """);

        final List<Probe> probes = busy().probes();

        assertThat(probes).hasSize(3);
        assertThat(probes.get(0).hasPa()).isTrue();
        assertThat(probes.get(0).pa()).isEqualTo(0x487c9e18);
        assertThat(probes.get(0).write()).isTrue();
        assertThat(probes.get(0).event()).isEmpty();
        assertThat(probes.get(1).hasPa()).isFalse();
        assertThat(probes.get(1).pasid()).isEqualTo(3);
        assertThat(probes.get(1).iova()).isEqualTo(0xfffffffffffff000L);
        assertThat(probes.get(1).event()).containsExactly(0xffed6000L, 0xc0ffff0600000028L);
        assertThat(probes.get(2).event()).containsExactly(0x3000000010L, 0, 0x8000000000L, 0);
        assertThat(probes.get(2).line()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0x10,,X,0x0,0x0,RW,,,mapped",
                "0x10,,,0x0,0x0,RW,,,mapped",
                "10,,R,0x0,0x0,RW,,,mapped",
                "0x10,,R,0x0,0x10000000000000,RW,,,mapped",
                "0x10,,R,,0x0,RW,,,mapped",
                "0x10,,R,0x0,,,f," + WORD + ",unmapped",
                "0x10,,R,0x0,,,f," + WORD + "-" + WORD + "-" + WORD + ",unmapped",
                "0x10,,R,0x0,,,f," + WORD + "_" + WORD + ",unmapped",
                "0x10,,R,0x0,,,f," + WORD + "-000000500000001g,unmapped",
                "0x10,,R,0x0,,,f,13-50,unmapped",
                "0x10,,R,0x0,,,f"
            })
    void shouldNameTheLineWhenAProbeIsWrong(String row) {
        capture.with("probes.csv", CaptureFolder.PROBES_HEADER + "0x10,,W,0x0,0x0,RW,,,mapped\n" + row + "\n");
        final Snapshot busy = busy();

        assertThatThrownBy(busy::probes)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(capture.file("probes.csv") + ":3: ")
                .hasMessageContaining("; expected ");
    }

    private Snapshot busy() {
        return capture.open().busy();
    }
}
