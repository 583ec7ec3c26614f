// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.Test;

/** A million transactions allocate nothing: hits, misses and faults alike. */
class SteadyStateAllocationTest {
    private static final int TRANSACTIONS = 1_000_000;
    private static final int PAGES = 256;
    /** Far below a byte for each transaction; what the JVM's own machinery may take. */
    private static final long FEW_BYTES = 64 * 1024;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static long allocatedBy(Runnable work) {
        work.run();
        long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
        work.run();
        return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
    }

    private static SmmuFixture machine(CacheConfiguration caches) {
        SmmuFixture f = new SmmuFixture(SmmuFeatures.full(), caches).enable();
        TableBuilder t = f.stage1(1, 1);
        for (int page = 0; page < PAGES; page++) {
            t.map(page * 0x1000L, 0x4000_0000L + page * 0x1000L, TableBuilder.READ_ONLY);
        }
        return f;
    }

    private static void access(SmmuFixture f, int code, boolean expectOk) {
        for (int i = 0; i < TRANSACTIONS; i++) {
            boolean ok = f.access(1, (i * 37 & PAGES - 1) * 0x1000L, code).isOk();
            if (ok != expectOk) {
                throw new AssertionError("transaction " + i);
            }
        }
    }

    @Test
    void shouldAllocateNothingOnHits() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            assertThat(allocatedBy(() -> access(f, Access.READ, true))).isLessThan(FEW_BYTES);
            assertThat(f.smmu.unit().iotlb().cache().counters().misses()).isEqualTo(PAGES);
        }
    }

    @Test
    void shouldAllocateNothingOnMisses() {
        CacheConfiguration small =
                CacheConfiguration.standard().withIotlb(CacheGeometry.of(4, 2, ReplacementPolicy.LRU));
        try (SmmuFixture f = machine(small)) {
            assertThat(allocatedBy(() -> access(f, Access.READ, true))).isLessThan(FEW_BYTES);
            assertThat(f.smmu.unit().walker().walks()).isGreaterThan(TRANSACTIONS);
        }
    }

    @Test
    void shouldAllocateNothingOnRecordedFaults() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            assertThat(allocatedBy(() -> {
                        access(f, Access.WRITE, false);
                        f.smmu.writeRegister(0x100AC, 4, f.smmu.readRegister(0x100A8, 4));
                    }))
                    .isLessThan(FEW_BYTES);
            assertThat(f.smmu.eventQueue().produced()).isPositive();
        }
    }

    @Test
    void shouldAllocateNothingBehindStage2() {
        CacheConfiguration small =
                CacheConfiguration.standard().withIotlb(CacheGeometry.of(4, 2, ReplacementPolicy.LRU));
        try (SmmuFixture f = machine(small)) {
            TableBuilder second = f.stage2(2, 0);
            for (long ipa = 0; ipa < 0x200_0000L; ipa += 0x20_0000) {
                second.map(ipa, ipa, 1, SmmuFixture.STAGE_2_READ_WRITE);
            }
            second.map(0x4000_0000L, 0x4000_0000L, 1, SmmuFixture.STAGE_2_READ_WRITE);
            f.ste(1, 1 | 7 << 1 | SmmuFixture.CDS + 64, 0, SmmuFixture.stage2Word(0), second.root());

            assertThat(allocatedBy(() -> access(f, Access.READ, true))).isLessThan(FEW_BYTES);
        }
    }
}
