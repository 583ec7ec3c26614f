// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.junit.jupiter.api.Test;

/** Half a million transactions allocate nothing: hits, misses and faults that software takes off, one by one. */
class SteadyStateAllocationTest {
    private static final int SOURCE = 0x10;
    private static final int PAGES = 64;
    private static final int TRANSACTIONS = 500_000;
    /** Far below a byte for each transaction; what the JVM's own machinery may take. */
    private static final long FEW_BYTES = 64 * 1024;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static long allocatedBy(Runnable work) {
        work.run();
        long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
        work.run();
        return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
    }

    private static long allocated(CacheConfiguration caches, boolean refused) {
        try (VtdBench b = new VtdBench(VtdFeatures.full(), caches)) {
            b.start(1);
            long tables = b.scalableSecond(SOURCE, 0, 1);
            for (int page = 0; page < PAGES; page++) {
                b.map(tables, page * 0x1000L, VtdBench.DATA + page * 0x1000L, refused ? 1 : 3);
            }
            Transaction t = new Transaction();
            Verdict v = new Verdict();
            return allocatedBy(() -> {
                for (int i = 0; i < TRANSACTIONS; i++) {
                    long address = (i * 37 & PAGES - 1) * 0x1000L;
                    b.unit.translate(t.set(SOURCE, Transaction.NO_SUBSTREAM, address, Access.WRITE), v);
                    if (v.isOk() == refused) {
                        throw new AssertionError("transaction " + i + ": " + v.rule());
                    }
                    if (refused) {
                        b.unit.writeRegister(0x40C + (i & 7) * 16L, 4, 1L << 31);
                    }
                }
            });
        }
    }

    @Test
    void shouldAllocateNothingOnHits() {
        assertThat(allocated(CacheConfiguration.standard(), false)).isLessThan(FEW_BYTES);
    }

    @Test
    void shouldAllocateNothingOnMisses() {
        CacheConfiguration small =
                CacheConfiguration.standard().withIotlb(CacheGeometry.of(4, 2, ReplacementPolicy.LRU));
        assertThat(allocated(small, false)).isLessThan(FEW_BYTES);
    }

    @Test
    void shouldAllocateNothingOnRecordedFaults() {
        assertThat(allocated(CacheConfiguration.standard(), true)).isLessThan(FEW_BYTES);
    }
}
