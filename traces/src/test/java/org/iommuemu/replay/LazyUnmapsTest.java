// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.preset.Settings;
import org.iommuemu.trace.pattern.TracePattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is unmapped is invalidated later. */
class LazyUnmapsTest {
    /** The timer is armed at 0: 3 ticks of 4 ms are at least 10 ms, and Linux' timer wheel adds one. */
    private static final long TIMER = 16_000_000_000L;

    @TempDir
    private Path temp;

    private static Settings lazy(String iommu) {
        return TraceFiles.settings("machine.iommu", iommu, "machine.unmap", "lazy");
    }

    private TraceReplaySummary replay(Settings settings, String... rows) throws IOException {
        return TraceRun.functional(TraceFiles.csv(temp, rows), settings)
                .run(ProgressListener.NONE)
                .summary();
    }

    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd-legacy", "vtd-scalable"})
    void shouldLetAccessesThroughUntilTheTimerFlushes(String iommu) throws IOException {
        TraceReplaySummary s = replay(
                lazy(iommu),
                "0,map,7,,0x1000,8192,rw,12,0x5000,",
                "0,read,7,,0x1000,8,,,0x5000,",
                "0,unmap,7,,0x1000,8192,,12,,",
                // Cached, so it gets through; its neighbour is not.
                "1,read,7,,0x1000,8,,,0x5000,",
                "2,read,7,,0x2000,8,,,,",
                TIMER - 1 + ",read,7,,0x1ff8,8,,,0x5ff8,",
                TIMER + ",read,7,,0x1000,8,,,,");

        assertThat(s.staleAccesses()).isEqualTo(2);
        assertThat(s.machine().transactions().translated()).isEqualTo(3);
        assertThat(s.machine().transactions().refused()).isEqualTo(2);
        assertThat(s.machine().addresses()).hasToString("3 of 3");
        assertThat(s.moved()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd-legacy", "vtd-scalable"})
    void shouldGivePagesAnotherAddressWhileTheirsIsQueued(String iommu) throws IOException {
        TraceReplaySummary s = replay(
                lazy(iommu),
                "0,map,7,,0x1000,4096,rw,12,0x5000,",
                "0,read,7,,0x1000,8,,,0x5000,",
                "0,unmap,7,,0x1000,4096,,12,,",
                "1,map,7,,0x1000,4096,rw,12,0x6000,",
                "1,read,7,,0x1010,8,,,0x6010,",
                "1,unmap,7,,0x1000,4096,,12,,",
                "1,map,7,,0x1000,4096,rw,12,0x7000,",
                "2,read,7,,0x1000,8,,,0x7000,",
                // Both are free again: the address itself is taken.
                TIMER + ",unmap,7,,0x1000,4096,,12,,",
                TIMER + 1 + ",map,7,,0x1000,4096,rw,12,0x8000,",
                TIMER + 1 + ",read,7,,0x1000,8,,,0x8000,");

        assertThat(s.machine().addresses()).hasToString("4 of 4");
        assertThat(s.moved()).isEqualTo(2);
        assertThat(s.staleAccesses()).isZero();
    }

    /** The ring of a CPU has 256 places of which one stays free: the 256th unmapping flushes the 255 before it. */
    @Test
    void shouldFlushWhenTheQueueIsFull() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 257; i++) {
            long iova = 0x10_0000 + i * 4096L;
            rows.add(i + ",map,7,," + iova + ",4096,rw,12," + iova + ",");
            rows.add(i + ",read,7,," + iova + ",8,,," + iova + ",");
            rows.add(i + ",unmap,7,," + iova + ",4096,,12,,");
        }
        rows.add("300,read,7,,0x100000,8,,,,");
        rows.add("300,read,7,,0x200000,8,,,0x200000,");

        TraceReplaySummary s = replay(lazy("smmuv3"), rows.toArray(String[]::new));

        // Page 256 is the one that was unmapped behind the flush.
        assertThat(s.staleAccesses()).isEqualTo(1);
        assertThat(s.machine().transactions().refused()).isEqualTo(1);
        // The domain as it is set up, and one flush.
        assertThat(s.machine().commands()).containsEntry("TLBI_NH_ASID", 2L).doesNotContainKey("TLBI_NH_VA");
    }

    /** Each page is used once: one flush for 255 pages instead of 4,000 invalidations, and all accesses are right. */
    @Test
    void shouldInvalidateManyAtOnce() throws IOException {
        Path file = TraceFiles.make(temp, TracePattern.RING, 1, 4000);

        TraceReplaySummary s = TraceRun.functional(file, lazy("smmuv3"))
                .run(ProgressListener.NONE)
                .summary();

        assertThat(s.machine().addresses()).hasToString("4000 of 4000");
        assertThat(TraceFiles.cache(s, "iotlb").misses()).isEqualTo(4000);
        assertThat(s.machine().commands()).containsEntry("TLBI_NH_ASID", 1L + 4000 / 255);
        assertThat(s.staleAccesses()).isZero();
    }
}
