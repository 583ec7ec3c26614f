// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.pcie.FlowControl;
import org.iommuemu.pcie.LinkSharing;
import org.iommuemu.pcie.RootComplex;
import org.iommuemu.time.ByteRate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the way is made of and whatever happens on it, its parts are the whole, and nothing is allocated. */
class PathSumTest {
    private static final int TRANSFERS = 400;
    private static final int STEADY = 50_000;
    private static final int PAGES = 24;
    private static final int SIZES = 3000;
    private static final long FEW_BYTES = 64 * 1024;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static FlowControl.Pool pool(SplittableRandom random, int least) {
        return random.nextInt(3) == 0
                ? FlowControl.Pool.INFINITE
                : new FlowControl.Pool(1 + random.nextInt(8), least + random.nextInt(40));
    }

    private static ByteRate rate(SplittableRandom random) {
        return random.nextBoolean() ? null : ByteRate.bitsPerSecond((1 + random.nextInt(200)) * 1_000_000_000L);
    }

    private static PathBench bench(SplittableRandom random) {
        PathBench bench = new PathBench();
        bench.tags = 1 + random.nextInt(20);
        bench.credits = new FlowControl(
                pool(random, 16), pool(random, 2), pool(random, 1), pool(random, 16), random.nextInt(300_000));
        bench.rootComplex = new RootComplex(random.nextInt(200_000), rate(random));
        bench.dataRate = rate(random);
        bench.sharing = LinkSharing.values()[random.nextInt(LinkSharing.values().length)];
        CacheGeometry atc = random.nextBoolean()
                ? CacheGeometry.none()
                : CacheGeometry.fullyAssociative(1 + random.nextInt(8), ReplacementPolicy.LRU);
        bench.ats = new AtsParameters(atc, random.nextInt(5_000), random.nextInt(2) * 500_000L);
        bench.start();
        for (long page = 0; page < PAGES; page++) {
            bench.map(page << 12, random.nextInt(8));
        }
        return bench;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void shouldAddUpToTheTimeFromBeginToEnd(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (PathBench bench = bench(random)) {
            long at = 0;
            for (int i = 0; i < TRANSFERS; i++) {
                at += random.nextInt(100_000);
                int bytes = random.nextInt(4) == 0 ? 1 + random.nextInt(1 << 14) : 1 + random.nextInt(SIZES);
                int source = random.nextInt(8) == 0 ? PathBench.SOURCE + 1 : PathBench.SOURCE;
                int access = random.nextInt(Access.CODES);
                long end =
                        bench.access(source, Transaction.NO_SUBSTREAM, random.nextInt(PAGES << 12), access, bytes, at);

                String what = "seed " + seed + ", transfer " + i;
                assertThat(end).as(what).isGreaterThan(at);
                assertThat(bench.journey.total()).as(what).isEqualTo(end - at);
                assertThat(Arrays.stream(LatencyPart.values()).mapToLong(bench.journey::of))
                        .as(what)
                        .allMatch(part -> part >= 0);
            }
        }
    }

    private static long allocated(PathBench bench) {
        run(bench);
        long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
        run(bench);
        return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
    }

    private static void run(PathBench bench) {
        for (int i = 0; i < STEADY; i++) {
            int code = i % 3 == 0 ? Access.WRITE : Access.READ;
            long address = (i * 7L % PAGES << 12) + 0xF00;
            bench.access(PathBench.SOURCE, Transaction.NO_SUBSTREAM, address, code, 1024, i * 300_000L);
            if (!bench.verdict.isOk()) {
                throw new AssertionError("access " + i + ": " + bench.verdict.rule());
            }
        }
    }

    @Test
    void shouldAllocateNothingOnceItIsUnderWay() {
        try (PathBench bench = new PathBench()) {
            bench.tags = 4;
            FlowControl.Pool few = new FlowControl.Pool(4, 64);
            bench.credits = new FlowControl(few, few, few, few, 100_000);
            bench.rootComplex = new RootComplex(50_000, ByteRate.bitsPerSecond(100_000_000_000L));
            bench.dataRate = ByteRate.bitsPerSecond(100_000_000_000L);
            bench.ats = new AtsParameters(CacheGeometry.fullyAssociative(8, ReplacementPolicy.LRU), 1_000, 0);
            bench.start();
            for (long page = 0; page <= PAGES; page++) {
                bench.map(page << 12, 7);
            }

            assertThat(allocated(bench)).isLessThan(FEW_BYTES);
        }
    }
}
