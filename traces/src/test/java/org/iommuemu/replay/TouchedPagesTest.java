// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.capture.InputException;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.Settings;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.pattern.TracePattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pages that appear at first touch. */
class TouchedPagesTest {
    private static final String[] ROWS = {
        "1,read,7,,0x201008,8,,,0x9008,",
        "2,map,7,,0x201000,4096,r,12,0x9000,",
        "3,write,9,,0x201000,8,,,,",
        "4,write,7,,0x3ffff8,16,,,,",
        "5,unmap,7,,0x201000,4096,,12,,",
        "6,atomic,7,,0x201010,8,,,,",
        "7,read,7,3,0x201000,8,,,,"
    };
    private static final long TERABYTE = 1L << 40;

    @TempDir
    private Path temp;

    private List<Long> addresses(Settings settings) throws IOException {
        List<Long> found = new ArrayList<>();
        TraceRun run = TraceRun.timed(
                TraceFiles.csv(temp, ROWS),
                settings,
                new TraceRun.Timing(
                        0,
                        MeasureWindow.EVERYTHING,
                        (t, bytes, at, end, v, journey, outcome, reads) -> found.add(v.address())));
        run.run(ProgressListener.NONE);
        return found;
    }

    @ParameterizedTest
    @CsvSource({"smmuv3,1", "smmuv3,nested", "vtd-scalable,2"})
    void shouldMapPagesToThemselves(String iommu, String stages) throws IOException {
        Settings settings = TraceFiles.settings(
                "machine.iommu", iommu, "machine.stages", stages, "machine.mapping", "identity", "machine.page", "2m");
        assertThat(addresses(settings))
                .containsExactly(0x201008L, 0x201000L, 0x3ffff8L, 0x400000L, 0x201010L, 0x201000L);
    }

    /** By streams and PASIDs: 7, 9, 7 once more on another page, 7 with PASID 3. */
    @Test
    void shouldMapPagesToMemoryInTheOrderOfTheirFirstTouch() throws IOException {
        assertThat(addresses(TraceFiles.settings("machine.mapping", "first-touch", "machine.page", "64k")))
                .containsExactly(
                        8 * TERABYTE + 0x1008,
                        8 * TERABYTE + 0x11000,
                        8 * TERABYTE + 0x2fff8,
                        8 * TERABYTE + 0x30000,
                        8 * TERABYTE + 0x1010,
                        8 * TERABYTE + 0x41000);
    }

    @Test
    void shouldPassOverWhatTheTraceMapsAndCompareNoAddress() throws IOException {
        TraceReplaySummary s = TraceRun.functional(
                        TraceFiles.csv(temp, ROWS), TraceFiles.settings("machine.mapping", "first-touch"))
                .run(ProgressListener.NONE)
                .summary();

        assertThat(s.pagesTouched()).isEqualTo(5);
        assertThat(s.machine().transactions().translated()).isEqualTo(6);
        assertThat(s.machine().transactions().refused()).isZero();
        assertThat(s.machine().addresses().compared()).isZero();
        assertThat(s.machine().commands()).doesNotContainKey("TLBI_NH_VA");
    }

    @ParameterizedTest
    @CsvSource({
        "smmuv3, 4k, 12",
        "smmuv3, 16k, 14",
        "smmuv3, 64k, 16",
        "smmuv3, 2m, 21",
        "smmuv3, 1g, 30",
        "vtd-legacy, 4k, 12",
        "vtd-legacy, 2m, 21",
        "vtd-legacy, 1g, 30",
        "vtd-scalable, 2m, 21"
    })
    void shouldMissOnceForEachPage(String iommu, String page, int shift) throws IOException {
        Path file = TraceFiles.make(temp, TracePattern.UNIFORM, 2, 4000);
        Set<List<Long>> pages = new HashSet<>();
        try (TraceReader trace = TraceEncoding.open(file)) {
            for (DmaRecord r = trace.record(); trace.next(); ) {
                if (r.isDma()) {
                    pages.add(List.of((long) r.stream(), r.iova() >>> shift));
                }
            }
        }
        Settings settings = TraceFiles.settings(
                "machine.iommu",
                iommu,
                "machine.mapping",
                "first-touch",
                "machine.page",
                page,
                "iotlb.entries",
                "65536");

        TraceReplaySummary s =
                TraceRun.functional(file, settings).run(ProgressListener.NONE).summary();

        assertThat(s.pagesTouched()).isEqualTo(pages.size());
        assertThat(TraceFiles.cache(s, "iotlb").misses()).isEqualTo(pages.size());
        assertThat(s.machine().transactions().refused()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "machine.iommu vtd-scalable | machine.page is 64k and machine.iommu is vtd-scalable; expected 4k, 2m or 1g",
                "machine.stages nested | machine.page is 64k and machine.stages is nested; expected 4k, 2m or 1g",
                "machine.mapping trace | machine.page is 64k and machine.mapping is trace; expected 4k"
            })
    void shouldSayWhichSizesThereAreNot(String other, String expected) throws IOException {
        String[] parts = other.split(" ");
        Settings settings =
                TraceFiles.settings("machine.mapping", "identity", "machine.page", "64k", parts[0], parts[1]);

        assertThatThrownBy(() -> TraceRun.functional(TraceFiles.csv(temp, ROWS), settings)
                        .run(ProgressListener.NONE))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(expected);
    }
}
