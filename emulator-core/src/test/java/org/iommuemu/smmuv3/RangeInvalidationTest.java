// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Range invalidation, page by page against a naive membership function of fact sheet 5.5. */
class RangeInvalidationTest {
    private static final int ROUNDS = 60;
    private static final long ASID = 4L << 48;
    private static final CacheConfiguration CACHES =
            CacheConfiguration.standard().withIotlb(CacheGeometry.fullyAssociative(512, ReplacementPolicy.LRU));

    /** Whether a range starting at {@code address} of (NUM+1) * 2^SCALE granules touches a page; it does not wrap at 2^64. */
    private static boolean inRange(long page, int pageShift, long address, int num, int scale, int granuleShift) {
        BigInteger first = unsigned(address);
        BigInteger end = first.add(BigInteger.valueOf(num + 1L).shiftLeft(scale + granuleShift));
        BigInteger from = unsigned(page);
        return from.compareTo(end) < 0
                && from.add(BigInteger.ONE.shiftLeft(pageShift)).compareTo(first) > 0;
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }

    private static long command(int opcode, int num, int scale) {
        return ASID | opcode | (long) num << 12 | (long) scale << 20;
    }

    static List<Arguments> seeds() {
        List<Arguments> all = new ArrayList<>();
        String fixed = System.getProperty("seed");
        for (int granule : new int[] {12, 14, 16}) {
            for (long seed = 1; seed <= 2; seed++) {
                all.add(Arguments.of(granule, fixed != null ? Long.parseLong(fixed) : seed));
            }
        }
        return all;
    }

    @ParameterizedTest(name = "DS {0}: CMDQ_ERR {1}")
    @CsvSource({"0, 1", "1, 0"})
    void shouldCountTheUpperBitOfScaleOnlyWithDs(long ds, long error) {
        // 5.2, 5.3: with DS=0 SCALE is bits 24:20, so that 32 is 0, and the range has neither NUM, SCALE nor TTL.
        try (SmmuBench b = SmmuBench.started(SmmuBench.withIdr5(0, ds << 7 | ds << 10))) {
            b.command(command(0x12, 0, 32), 0x1000 | 1 << 10);
            assertThat(b.read32(0x60) & 1).isEqualTo(error);
        }
    }

    @ParameterizedTest(name = "granule 2^{0}, seed {1}")
    @MethodSource("seeds")
    void shouldDropExactlyThePagesOfARange(int granule, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (SmmuBench b = new SmmuBench(SmmuBench.stage1Features(), CACHES).start()) {
            TestCd cd = b.stage1(4, 4).lowerTables(granule, 48).upperTables(granule, 48);
            List<Long> pages = pages(granule, random);
            for (int round = 0; round < ROUNDS; round++) {
                for (long page : pages) {
                    cd.map(page, SmmuBench.DATA);
                    assertThat(b.read(4, page).isOk()).isTrue();
                    cd.unmap(page);
                }
                int num = random.nextInt(32);
                // Ranges of a few pages up to all of an address space.
                int scale = random.nextInt(3) == 0 ? random.nextInt(32) : random.nextInt(8);
                int ttl = num == 0 && scale == 0 ? 3 : random.nextBoolean() ? 3 : 0;
                long address = pages.get(random.nextInt(pages.size()));
                long tg = (granule - 10L) / 2;
                int opcode = random.nextBoolean() ? 0x12 : 0x13;
                b.command(command(opcode, num, scale), address | tg << 10 | (long) ttl << 8 | random.nextInt(2))
                        .sync();
                for (long page : pages) {
                    assertThat(b.read(4, page).isOk())
                            .as(
                                    "seed %d round %d: page 0x%x, range 0x%x NUM %d SCALE %d",
                                    seed, round, page, address, num, scale)
                            .isEqualTo(!inRange(page, granule, address, num, scale, granule));
                }
                b.invalidateAll();
                b.events();
            }
        }
    }

    /** Neighbours, pages at growing distances, the ends of both halves. */
    private static List<Long> pages(int granule, SplittableRandom random) {
        List<Long> pages = new ArrayList<>();
        long base = (random.nextLong() & (1L << 47) - 1) >>> granule << granule;
        for (int i = -8; i < 40; i++) {
            pages.add(base + ((long) i << granule) & (1L << 48) - 1);
        }
        for (int shift = granule + 6; shift < 47; shift += 2) {
            pages.add(base + (1L << shift) & (1L << 48) - 1);
        }
        for (int i = 1; i <= 4; i++) {
            pages.add(-(long) i << granule);
            pages.add((long) i << granule);
            pages.add((-1L << 48) + ((long) i << granule));
            pages.add((1L << 48) - ((long) i << granule));
        }
        return pages.stream().distinct().toList();
    }

    @Test
    void shouldCoverTheWorkedRange() {
        // Section 11: NUM 3, SCALE 1, 4K, TTL 3, VA 0x123456000 leaf: 8 pages.
        try (SmmuBench b = new SmmuBench(SmmuBench.stage1Features(), CACHES).start()) {
            TestCd cd = b.stage1(4, 9);
            for (long i = -1; i <= 8; i++) {
                cd.map(0x1_2345_6000L + i * 0x1000, SmmuBench.DATA);
                b.read(4, 0x1_2345_6000L + i * 0x1000);
                cd.unmap(0x1_2345_6000L + i * 0x1000);
            }
            b.command(0x0009_0005_0010_3012L, 0x0000_0001_2345_6701L).sync();
            StringBuilder left = new StringBuilder();
            for (long i = -1; i <= 8; i++) {
                left.append(b.read(4, 0x1_2345_6000L + i * 0x1000).isOk() ? '1' : '0');
            }
            assertThat(left.toString()).isEqualTo("1000000001");
        }
    }

    @Test
    void shouldNotWrapPastTheEndOfTheAddressSpace() {
        try (SmmuBench b = new SmmuBench(SmmuBench.stage1Features(), CACHES).start()) {
            TestCd cd = b.stage1(4, 4).upperTables(12, 48);
            cd.map(-0x1000, SmmuBench.DATA).map(0, SmmuBench.DATA).map(0x5000, SmmuBench.DATA);
            for (long page : new long[] {-0x1000, 0, 0x5000}) {
                b.read(4, page);
                cd.unmap(page);
            }
            b.command(command(0x12, 31, 31), -0x1000L | 0x401).sync();
            assertThat(b.read(4, -0x1000).isOk()).isFalse();
            assertThat(b.read(4, 0).isOk()).isTrue();
            assertThat(b.read(4, 0x5000).isOk()).isTrue();
        }
    }

    @ParameterizedTest(name = "granule 2^{0}, TTL {1}")
    @CsvSource({"12, 2, 1", "12, 1, 2", "12, 0, 1", "12, 0, 2", "14, 2, 1", "14, 0, 1", "16, 2, 1", "16, 0, 1"})
    void shouldDropBlocksOfARange(int granule, int ttl, int height) {
        // 5.5: TTL names the level of the leaves; level 3 is height 0.
        int shift = granule + (granule - 3) * height;
        long tg = (granule - 10L) / 2;
        for (int scale = granule == 12 && height == 2 ? 16 : height * (granule - 3); scale < 28; scale += 3) {
            try (SmmuBench b = new SmmuBench(SmmuBench.stage1Features(), CACHES).start()) {
                TestCd cd = b.stage1(4, 4).lowerTables(granule, 48);
                for (long i = 0; i < 32; i++) {
                    cd.map(i << shift, 0, height, TableBuilder.READ_WRITE);
                    assertThat(b.read(4, i << shift).isOk()).isTrue();
                    cd.tables(0).unmap(i << shift, height);
                }
                int num = scale & 7;
                b.command(command(0x12, num, scale), 4L << shift | tg << 10 | (long) ttl << 8 | 1)
                        .sync();
                for (long i = 0; i < 32; i++) {
                    assertThat(b.read(4, i << shift).isOk())
                            .as("block %d, NUM %d SCALE %d", i, num, scale)
                            .isEqualTo(!inRange(i << shift, shift, 4L << shift, num, scale, granule));
                }
            }
        }
    }

    @ParameterizedTest(name = "TTL {0}")
    @CsvSource({"0", "1", "2", "3"})
    void shouldTakeAnyTtlAsAHintOnly(int ttl) {
        // 5.5: TG=00: no range, TTL ignored; the page goes whatever TTL says.
        try (SmmuBench b = new SmmuBench(SmmuBench.stage1Features(), CACHES).start()) {
            TestCd cd = b.stage1(4, 4).map(0x5000, SmmuBench.DATA);
            b.read(4, 0x5000);
            cd.unmap(0x5000);
            b.command(command(0x12, 31, 31), 0x5001 | (long) ttl << 8).sync();
            assertThat(b.read(4, 0x5000).isOk()).isFalse();
        }
    }

    @Test
    void shouldIgnoreRangesWithoutRil() {
        // 5.2: NUM, SCALE, TG, TTL are RES0: the command names one address.
        try (SmmuBench b = new SmmuBench(SmmuBench.withIdr3(0x400, 0), CACHES).start()) {
            TestCd cd = b.stage1(4, 4).map(0x5000, SmmuBench.DATA).map(0x6000, SmmuBench.DATA);
            for (long page : new long[] {0x5000, 0x6000}) {
                b.read(4, page);
                cd.unmap(page);
            }
            b.command(command(0x12, 31, 4), 0x5401).sync();
            assertThat(b.read(4, 0x5000).isOk()).isFalse();
            assertThat(b.read(4, 0x6000).isOk()).isTrue();
        }
    }
}
