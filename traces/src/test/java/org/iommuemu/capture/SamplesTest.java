// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every sample reads wholly, with the counts that samples/README.md states. */
class SamplesTest {
    private static final Path SAMPLES = Path.of("samples");

    @ParameterizedTest
    @CsvSource(delimiter = '|', useHeadersInDisplayName = true, textBlock = """
                    sample                   | pages | mappings | probes | idlePages | idleMappings | idleProbes | mmio
                    smmuv3-linux-nvme        | 39    | 555      | 734    | 40        | 145          | 294        | 118
                    smmuv3-linux-mixed       | 81    | 1251     | 3076   | 88        | 951          | 2562       | 404
                    smmuv3-linux-lazy        | 78    | 988      | 2642   | 79        | 976          | 2618       | 192
                    smmuv3-linux-fault       | 82    | 996      | 2656   | 88        | 970          | 2604       | 402
                    smmuv3-linux-vfio        | 32    | 1339     | 2766   | -1        | -1           | -1         | 34
                    smmuv3-linux-passthrough | 11    | 0        | 48     | 11        | 0            | 48         | 44
                    smmuv3-16k-linux612-vfio | 69    | 1228     | 7412   | -1        | -1           | -1         | 34
                    smmuv3-s2-linux-vfio     | 31    | 1339     | 2768   | -1        | -1           | -1         | 34
                    vtd-legacy-linux-nvme        | 35 | 12929 | 574  | 36  | 12796 | 276  | 117
                    vtd-legacy-linux-fault       | 70 | 13788 | 2906 | 75  | 13605 | 2560 | 298
                    vtd-legacy-linux-passthrough | 5  | 0     | 0    | 5   | 0     | 0    | 86
                    vtd-legacy48-linux-vfio      | 38 | 14041 | 2766 | -1  | -1    | -1   | 55
                    vtd-scalable-linux-mixed     | 99 | 13800 | 3054 | 109 | 13586 | 2510 | 283
                    vtd-scalable-linux-vfio      | 49 | 14041 | 2766 | -1  | -1    | -1   | 56
                    vtd-flts-linux612-vfio       | 49 | 14041 | 2768 | -1  | -1    | -1   | 53
                    """)
    void shouldReadEverySnapshot(
            String sample,
            int pages,
            int mappings,
            int probes,
            int idlePages,
            int idleMappings,
            int idleProbes,
            int mmio) {
        final Capture capture = Capture.open(SAMPLES.resolve(sample));

        assertThat(capture.isSmmuV3()).isEqualTo(sample.startsWith("smmuv3"));
        assertThat(counts(capture.busy())).containsExactly(pages, mappings, probes);
        assertThat(capture.idle().map(SamplesTest::counts).orElse(List.of(-1, -1, -1)))
                .containsExactly(idlePages, idleMappings, idleProbes);
        int registers = capture.isSmmuV3() ? 66 : 72;
        assertThat(capture.busy().registers().list()).hasSize(registers);
        assertThat(capture.probeMmio().orElseThrow()).hasSize(mmio);
        assertThat(capture.features().isEmpty()).isEqualTo(!sample.startsWith("vtd-flts"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    smmuv3-linux-nvme        | dma=104712, inv=8744   | 126466 | 53202
                    smmuv3-linux-mixed       | dma=142973, inv=33447  | 214938 | 50283
                    smmuv3-linux-lazy        | dma=138965, inv=1578   | 144478 | 54481
                    smmuv3-linux-fault       | dma=158680, inv=33471  | 230773 | 55796
                    smmuv3-linux-vfio        | dma=109, inv=37        | 1951   | 44
                    smmuv3-linux-passthrough | bypass=111543, inv=14  | 115976 | 0
                    smmuv3-16k-linux612-vfio | dma=74, inv=39         | 8118   | 31
                    smmuv3-s2-linux-vfio     | dma=124, inv=31        | 1898   | 44
                    vtd-legacy-linux-nvme        | dma=76976, inv=6476, ir=6236    | 96181  | -1
                    vtd-legacy-linux-fault       | dma=129061, inv=30676, ir=14647 | 192531 | -1
                    vtd-legacy-linux-passthrough | inv=102, ir=7929                | 13458  | -1
                    vtd-legacy48-linux-vfio      | dma=143, inv=56, ir=3897        | 4845   | -1
                    vtd-scalable-linux-mixed     | dma=165826, inv=46099, ir=14971 | 253033 | -1
                    vtd-scalable-linux-vfio      | dma=143, inv=53, ir=4060        | 4999   | -1
                    vtd-flts-linux612-vfio       | dma=143, inv=52, ir=3894        | 4828   | -1
                    """)
    void shouldReadEveryTrace(String sample, String kinds, long records, long pageTableWrites) {
        final Capture capture = Capture.open(SAMPLES.resolve(sample));

        final Map<String, Long> counted = traceKinds(capture);

        assertThat(counted.values().stream().mapToLong(n -> n).sum()).isEqualTo(records);
        for (String kind : kinds.split(", ")) {
            final String[] parts = kind.split("=");
            assertThat(counted).containsEntry(parts[0], Long.valueOf(parts[1]));
        }
        assertThat(capture.busy().traceSeqAtStop().orElseThrow()).isBetween(1L, records);
        assertThat(pageTableWrites(capture)).isEqualTo(pageTableWrites);
    }

    private static List<Integer> counts(Snapshot snapshot) {
        return List.of(
                snapshot.memory().addresses().length,
                snapshot.mappings().size(),
                snapshot.probes().size());
    }

    /** Reads every number of the trace on the way. */
    private static Map<String, Long> traceKinds(Capture capture) {
        final Map<String, Long> kinds = new TreeMap<>();
        try (CsvTable trace = capture.trace()) {
            final int seq = trace.column("seq");
            final int kind = trace.column("kind");
            final int sid = trace.column("sid");
            final int iova = trace.column("iova");
            final int pa = trace.column("pa");
            final CsvRow row = trace.row();
            long records = 0;
            while (trace.next()) {
                assertThat(row.dec(seq)).isEqualTo(++records);
                assertThat(row.isEmpty(sid) || row.hexBelow(sid, 32) <= 0x100).isTrue();
                assertThat(row.isEmpty(iova) || row.hex(iova) != 1).isTrue();
                assertThat(row.isEmpty(pa) || row.hexBelow(pa, 52) >= 0).isTrue();
                kinds.merge(row.text(kind), 1L, Long::sum);
            }
        }
        return kinds;
    }

    private static long pageTableWrites(Capture capture) {
        if (capture.pageTableWrites().isEmpty()) {
            return -1;
        }
        long writes = 0;
        try (CsvTable table = capture.pageTableWrites().orElseThrow()) {
            final int address = table.column("address");
            final int descriptor = table.column("descriptor");
            while (table.next()) {
                table.row().alignedBelow(address, 52, 8);
                table.row().hex(descriptor);
                writes++;
            }
        }
        return writes;
    }
}
