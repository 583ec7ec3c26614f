// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class AllocationTest {

    private static final int OPERATIONS = 1_000_000;
    private static final long TOLERATED_BYTES = 4096;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @ParameterizedTest
    @EnumSource(value = ReplacementPolicy.class, names = "ORACLE", mode = EnumSource.Mode.EXCLUDE)
    void shouldAllocateNothingPerLookupAndFillWhateverThePolicy(final ReplacementPolicy policy) {
        assertThat(bytesAllocatedBy(new SetAssociativeCache("few ways", CacheGeometry.of(64, 4, policy))))
                .isLessThan(TOLERATED_BYTES);
        assertThat(bytesAllocatedBy(new SetAssociativeCache("many ways", CacheGeometry.of(2, 128, policy))))
                .isLessThan(TOLERATED_BYTES);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "7, 3", "5, 20"})
    void shouldAllocateNothingWhateverTheShape(final int sets, final int ways) {
        final CacheGeometry geometry = CacheGeometry.of(sets, ways, ReplacementPolicy.LRU);

        assertThat(bytesAllocatedBy(new SetAssociativeCache("odd", geometry))).isLessThan(TOLERATED_BYTES);
    }

    private long bytesAllocatedBy(final SetAssociativeCache cache) {
        work(cache, 50_000);
        final long before = threads.getCurrentThreadAllocatedBytes();
        work(cache, OPERATIONS);
        return threads.getCurrentThreadAllocatedBytes() - before;
    }

    private static void work(final SetAssociativeCache cache, final int operations) {
        long page = 1;
        for (int i = 0; i < operations; i++) {
            page = page * 6364136223846793005L + 1442695040888963407L;
            final long tag = page >>> 55;
            if (cache.lookup(tag, 1, tag) == SetAssociativeCache.MISS) {
                cache.fill(tag, 1, tag, i, i);
            }
            if ((i & 0xFF) == 0) {
                cache.invalidate(tag, 1, tag);
            }
        }
    }
}
