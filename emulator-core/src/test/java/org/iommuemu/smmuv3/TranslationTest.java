// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Good translations: granules, blocks, both halves, ASIDs, attributes (fact sheet 4.1-4.4, 7.5). */
class TranslationTest {
    private static final long RW = TableBuilder.READ_WRITE;
    private static final long GLOBAL = RW & ~(1L << 11);

    private final SmmuBench b = SmmuBench.started();

    @AfterEach
    void close() {
        b.close();
    }

    /** Reads an address twice: from the tables and from the IOTLB. */
    private void maps(int stream, long address, long physical, int pageShift) {
        for (String from : new String[] {"walk", "IOTLB"}) {
            Verdict v = b.read(stream, address);
            assertThat(v.isOk()).as("%s of 0x%x: %s", from, address, v.rule()).isTrue();
            assertThat(v.address()).as("%s of 0x%x", from, address).isEqualTo(physical);
            assertThat(v.pageShift()).as("%s of 0x%x", from, address).isEqualTo(pageShift);
        }
        assertThat(b.events()).isEmpty();
    }

    @ParameterizedTest(name = "granule 2^{0}, {1} bits")
    @CsvSource({
        // 4.2: start levels L0, L1, L2 and, with STT, L3.
        "12, 48",
        "12, 40",
        "12, 39",
        "12, 31",
        "12, 30",
        "12, 25",
        "12, 21",
        "12, 16",
        "14, 48",
        "14, 47",
        "14, 37",
        "14, 36",
        "14, 26",
        "14, 25",
        "14, 16",
        "16, 48",
        "16, 43",
        "16, 42",
        "16, 30",
        "16, 29",
        "16, 17",
    })
    void shouldTranslatePagesFromEveryStartLevel(int granule, int bits) {
        TestCd cd = b.stage1(5).lowerTables(granule, bits).upperTables(granule, bits);
        long size = 1L << granule;
        long last = (1L << bits) - size;
        cd.map(0, 0x8000_0000L).map(last, 0xFFFF_FFFF_0000L);
        cd.map(-1L << bits, 0xC000_0000L).map(-size, 0xFFFF_FFFE_0000L);

        maps(5, size - 1, 0x8000_0000L + size - 1, granule);
        maps(5, last + 8, 0xFFFF_FFFF_0008L, granule);
        maps(5, (-1L << bits) + 16, 0xC000_0010L, granule);
        maps(5, -8, 0xFFFF_FFFE_0000L + size - 8, granule);
    }

    @ParameterizedTest(name = "granule 2^{0}, height {1}: 2^{2}")
    @CsvSource({"12, 1, 21", "12, 2, 30", "14, 1, 25", "16, 1, 29"})
    void shouldTranslateBlocks(int granule, int height, int shift) {
        // 4.4: bits from the block size upwards; lower address bits come from the input.
        TestCd cd = b.stage1(5).lowerTables(granule, 48);
        long block = 3L << shift;
        cd.map(block, 5L << shift, height, RW);
        maps(5, block + 0x12345, (5L << shift) + 0x12345, shift);
        maps(5, block + (1L << shift) - 1, (6L << shift) - 1, shift);

        // Bits between 17 and the block size are RES0: ignored.
        cd.descriptor(block, height, 7L << shift | 1L << shift - 1 | 0x441 | 1 << 11);
        b.invalidateAll();
        maps(5, block + 4, (7L << shift) + 4, shift);
    }

    @ParameterizedTest(name = "TG0 {0}, TG1 {1}")
    @CsvSource({"12, 14", "14, 16", "16, 12", "12, 16"})
    void shouldTranslateHalvesOfDifferentGranules(int lower, int upper) {
        TestCd cd = b.stage1(5).lowerTables(lower, 40).upperTables(upper, 36);
        cd.map(0x7_0000, 0x8000_0000L).map(-0x1_0000, 0x9000_0000L);
        maps(5, 0x7_0100, 0x8000_0100L, lower);
        maps(5, -0x1_0000 + 0x100, 0x9000_0100L, upper);
    }

    @Test
    void shouldStartAtLevel1WithTheWorkedIndices() {
        // Section 11: 4K, T0SZ=25, VA 0x12_3456_7000: L1 = VA[38:30], L2 = VA[29:21], L3 = VA[20:12].
        TestCd cd = b.stage1(5);
        cd.lowerTables(12, 39, 0x900_0000);
        b.memory.writeLong(0x900_0000 + 0x48 * 8, 0x901_0003);
        b.memory.writeLong(0x901_0000 + 0x1A2 * 8, 0x902_0003);
        b.memory.writeLong(0x902_0000 + 0x167 * 8, 0x8000_0C43L);
        maps(5, 0x12_3456_7ABCL, 0x8000_0ABCL, 12);
    }

    @ParameterizedTest(name = "{0} bits: aligned to {1}")
    @CsvSource({"39, 0x900F000", "36, 0x900FE00", "32, 0x900FFE0", "31, 0x900FFF0", "48, 0x900F000"})
    void shouldAlignTheTableBaseToTheStartTable(int bits, String aligned) {
        // 4.2 and 3.3: low bits below the alignment are ignored by hardware.
        TestCd cd = b.stage1(5);
        cd.lowerTables(12, bits, 0x900_FFF0);
        b.memory.writeLong(Long.decode(aligned), 0xA00_0003);
        for (int level = 0; level < 3; level++) {
            b.memory.writeLong(0xA00_0000 + level * 0x1000, 0xA00_1003 + level * 0x1000);
        }
        b.memory.writeLong(0xA00_0000 + (bits == 48 ? 2 : 1) * 0x1000, 0x8000_0C43L);
        assertThat(b.read(5, 0).address()).isEqualTo(0x8000_0000L);
    }

    @ParameterizedTest(name = "TTENDIAN {0}, ENDI {1}")
    @CsvSource({"0, 0", "0, 1", "2, 0", "3, 1"})
    void shouldReadTablesOfEitherEndianness(long ttendian, int endi) {
        try (SmmuBench e = SmmuBench.started(SmmuBench.withIdr0(0, ttendian << 21))) {
            TestCd cd = e.stage1(5).set(15, 15, endi);
            long root = cd.get(115, 68) << 4;
            long[] at = {root + 8, 0xA00_0010, 0xA01_0018, 0xA02_0020};
            long[] descriptor = {0xA00_0003, 0xA01_0003, 0xA02_0003, 0x8000_0C43L};
            for (int i = 0; i < 4; i++) {
                e.memory.writeLong(at[i], endi == 1 ? Long.reverseBytes(descriptor[i]) : descriptor[i]);
            }
            assertThat(e.read(5, 0x0000_0080_8060_4008L).address()).isEqualTo(0x8000_0008L);
        }
    }

    @Test
    void shouldIgnoreTheTopByteOfBothHalves() {
        TestCd cd = b.stage1(5).upperTables(12, 48).set(38, 38, 1).set(39, 39, 1);
        cd.map(0x1000, SmmuBench.DATA).map(-0x1000, SmmuBench.DATA + 0x1000);
        for (long top = 0; top < 256; top += 15) {
            maps(5, top << 56 | 0x1008, SmmuBench.DATA + 8, 12);
            maps(5, top << 56 | -0x1000 & (1L << 56) - 1, SmmuBench.DATA + 0x1000, 12);
        }
        assertThat(b.smmu.unit().iotlb().cache().size()).as("one entry each").isEqualTo(2);
    }

    @Test
    void shouldKeepAddressSpacesApartByAsid() {
        // 4.10: nG entries are tagged by ASID.
        b.stage1(5, 1).map(0x1000, 0x8000_0000L);
        b.stage1(6, 2).map(0x1000, 0x9000_0000L);
        maps(5, 0x1000, 0x8000_0000L, 12);
        maps(6, 0x1000, 0x9000_0000L, 12);
    }

    @Test
    void shouldShareAnAsidBetweenStreams() {
        // 3.6: CDs of equal ASID are interchangeable: the second stream hits.
        TestCd cd = b.stage1(5, 1).map(0x1000, 0x8000_0000L);
        b.stage1(6, 1).lowerTables(12, 48, cd.get(115, 68) << 4);
        b.read(5, 0x1000);
        long misses = b.smmu.unit().iotlb().cache().counters().misses();
        maps(6, 0x1000, 0x8000_0000L, 12);
        assertThat(b.smmu.unit().iotlb().cache().counters().misses()).isEqualTo(misses);
    }

    @Test
    void shouldShareGlobalPagesWithinAnAset() {
        // 4.10: a global entry matches any ASID of the same ASET, never the other.
        b.stage1(5, 1).map(0x1000, 0x8000_0000L, GLOBAL);
        b.stage1(6, 2).map(0x1000, 0x9000_0000L, GLOBAL);
        b.stage1(7, 3).map(0x1000, 0xA000_0000L, GLOBAL).set(47, 47, 1);
        maps(5, 0x1000, 0x8000_0000L, 12);
        assertThat(b.read(6, 0x1000).address()).as("hit or walk").isIn(0x8000_0000L, 0x9000_0000L);
        maps(7, 0x1000, 0xA000_0000L, 12);
    }

    @ParameterizedTest(name = "granule 2^{0}, height {1}: 2^{2} entries")
    @CsvSource({"12, 0, 4", "12, 1, 4", "12, 2, 4", "14, 0, 7", "14, 1, 5", "16, 0, 5", "16, 1, 5"})
    void shouldCacheAContiguousRunOrEachPage(int granule, int height, int runBits) {
        // 4.4: the hint may be honoured or ignored; translations are the same.
        int shift = granule + (granule - 3) * height;
        long start = 3L << shift + runBits;
        for (boolean honoured : new boolean[] {false, true}) {
            CacheConfiguration caches = CacheConfiguration.standard().withContiguousHonoured(honoured);
            try (SmmuBench c = new SmmuBench(SmmuBench.stage1Features(), caches).start()) {
                TestCd cd = c.stage1(5).lowerTables(granule, 48);
                for (long i = 0; i < 1 << runBits; i++) {
                    cd.map(start + (i << shift), (1L << 46) + (i << shift), height, RW | 1L << 52);
                }
                for (long i = 0; i < 1 << runBits; i++) {
                    Verdict v = c.read(5, start + (i << shift) + 8);
                    assertThat(v.address()).isEqualTo((1L << 46) + (i << shift) + 8);
                }
                assertThat(c.read(5, start + (1L << shift + runBits)).isOk()).isFalse();
                assertThat(c.smmu.unit().iotlb().cache().size()).isEqualTo(honoured ? 1 : 1 << runBits);
            }
        }
    }

    @ParameterizedTest(name = "MAIR 0x{0}, SH {1}")
    @CsvSource({
        // Attribute byte and resulting SH (00 NSH, 10 OSH, 11 ISH): 7.5 forces Device and NC to OSH; SH 01 acts as 00.
        "FF, 0, FF, 0",
        "FF, 1, FF, 0",
        "FF, 2, FF, 2",
        "FF, 3, FF, 3",
        "44, 0, 44, 2",
        "44, 3, 44, 2",
        "00, 3, 00, 2",
        "04, 0, 04, 2",
        "08, 3, 08, 2",
        "0C, 3, 0C, 2",
        "F4, 3, F4, 3",
        "4F, 0, 4F, 0",
        "BB, 3, BB, 3",
        // 3.3: reserved codings: Device by bits 3:2; inner write-through transient RW=11.
        "01, 3, 00, 2",
        "07, 3, 04, 2",
        "0F, 3, 0C, 2",
        "F0, 3, F3, 3",
        "80, 0, 83, 0",
    })
    void shouldGiveTheAttributesOfMair(String mair, int sh, String attribute, int shareability) {
        long expected = Long.parseLong(attribute, 16) | (long) shareability << 8;
        TestCd cd = b.stage1(5).set(255, 192, Long.parseLong(mair, 16) << 40);
        cd.map(0x1000, SmmuBench.DATA, RW & ~0x300L | (long) sh << 8 | 5 << 2);

        assertThat(b.read(5, 0x1000).attributes()).isEqualTo(expected);
        assertThat(b.read(5, 0x1000).attributes()).as("from the IOTLB").isEqualTo(expected);
    }

    @Test
    void shouldSelectEachByteOfMair() {
        TestCd cd = b.stage1(5);
        long[] expected = {0x3FF, 0x244, 0x204, 0x200, 0x3F4, 0x3BB, 0x208, 0x20C};
        for (int i = 0; i < 8; i++) {
            cd.map(i << 12, SmmuBench.DATA, RW | (long) i << 2);
            assertThat(b.read(5, i << 12).attributes()).as("AttrIndx %d", i).isEqualTo(expected[i]);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Access.READ, Access.WRITE, Access.INSTRUCTION, Access.PRIVILEGED, Access.ATOMIC})
    void shouldTranslateEveryKindOfAccess(int code) {
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        assertThat(b.access(5, -1, 0x1FFF, code).address()).isEqualTo(SmmuBench.DATA + 0xFFF);
    }

    @Test
    void shouldWalkWithoutAnyCache() {
        try (SmmuBench n = new SmmuBench(SmmuBench.stage1Features(), CacheConfiguration.none()).start()) {
            TestCd cd = n.stage1(5).map(0x1000, SmmuBench.DATA);
            assertThat(n.read(5, 0x1000).address()).isEqualTo(SmmuBench.DATA);
            cd.map(0x1000, SmmuBench.DATA + 0x1000);
            assertThat(n.read(5, 0x1000).address()).isEqualTo(SmmuBench.DATA + 0x1000);
        }
    }

    @Test
    void shouldTranslateMorePagesThanTheIotlbHolds() {
        CacheConfiguration small = CacheConfiguration.uniform(CacheGeometry.of(2, 2, ReplacementPolicy.LRU));
        try (SmmuBench s = new SmmuBench(SmmuBench.stage1Features(), small).start()) {
            TestCd cd = s.stage1(5);
            for (long i = 0; i < 64; i++) {
                cd.map(i << 21, SmmuBench.DATA + (i << 12));
            }
            for (long i = 0; i < 256; i++) {
                assertThat(s.read(5, (i * 29 & 63) << 21).address()).isEqualTo(SmmuBench.DATA + ((i * 29 & 63) << 12));
            }
        }
    }
}
