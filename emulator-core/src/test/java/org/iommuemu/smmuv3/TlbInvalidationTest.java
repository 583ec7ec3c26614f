// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.cache.CacheCounters;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each TLB command drops and leaves: fact sheet 4.10 and 5.5. Ranges have a test of their own. */
class TlbInvalidationTest {
    private static final long RW = TableBuilder.READ_WRITE;
    private static final long GLOBAL = RW & ~(1L << 11);
    /** Four pages of each stream; the last one is global. Two share a table, two do not. */
    private static final long[] PAGES = {0x1000, 0x2000, 0x20_0000, 0x40_0000};

    private static final int GLOBAL_PAGE = 3;

    private final SmmuBench b = SmmuBench.started();
    private final TestCd[] cds = new TestCd[3];

    @BeforeEach
    void use() {
        // Streams 1 and 2 of ASID 1 and 2; stream 3 shares nothing, as its ASET differs.
        for (int s = 0; s < 3; s++) {
            cds[s] = b.stage1(s + 1, s + 1);
            if (s == 2) {
                cds[s].set(47, 47, 1);
            }
            for (int i = 0; i < PAGES.length; i++) {
                cds[s].map(PAGES[i], physical(s, i), i == GLOBAL_PAGE ? GLOBAL : RW);
            }
        }
        for (int s = 0; s < 3; s++) {
            for (int i = 0; i < PAGES.length; i++) {
                assertThat(b.read(s + 1, PAGES[i]).isOk()).isTrue();
            }
        }
        for (int s = 0; s < 3; s++) {
            for (long page : PAGES) {
                cds[s].unmap(page);
            }
        }
        assertThat(stale()).isEqualTo("1111 1111 1111");
    }

    @AfterEach
    void close() {
        b.close();
    }

    private static long physical(int stream, int page) {
        // Both streams of one ASET must agree on a global page.
        return SmmuBench.DATA + (page == GLOBAL_PAGE && stream < 2 ? 0xF000 : (stream * 16L + page) << 12);
    }

    /** For each stream, for each page: whether the translation is still there. */
    private String stale() {
        StringBuilder s = new StringBuilder();
        for (int stream = 1; stream <= 3; stream++) {
            s.append(stream > 1 ? " " : "");
            for (long page : PAGES) {
                s.append(b.read(stream, page).isOk() ? '1' : '0');
            }
        }
        b.events();
        return s.toString();
    }

    private void leaves(long word0, long word1, String expected) {
        b.command(word0, word1).sync();
        assertThat(stale()).isEqualTo(expected);
    }

    @Test
    void shouldDropEverythingByNsnhAll() {
        leaves(0x30, 0, "0000 0000 0000");
    }

    @Test
    void shouldDropEverythingOfTheVmidByNhAll() {
        // Without stage 2 there is one VMID: the field is not compared.
        leaves(0x0000_0005_0000_0010L, 0, "0000 0000 0000");
    }

    @Test
    void shouldDropNonGlobalPagesByNhAsid() {
        leaves(0x0001_0000_0000_0011L, 0, "0001 1111 1111");
    }

    @Test
    void shouldDropNothingByNhAsidOfAnother() {
        leaves(0x0101_0000_0000_0011L, 0, "1111 1111 1111");
    }

    @ParameterizedTest
    @ValueSource(longs = {0x1000, 0x1001})
    void shouldDropOnePageByNhVa(long word1) {
        leaves(0x0002_0000_0000_0012L, word1, "1111 0111 1111");
    }

    @ParameterizedTest
    @ValueSource(longs = {0x40_0000, 0x40_0001})
    void shouldDropGlobalPagesByNhVaOfAnyAsid(long word1) {
        // 5.5: and global entries (any ASID); 4.10: commands ignore ASET.
        leaves(0x0077_0000_0000_0012L, word1, "1110 1110 1110");
    }

    @Test
    void shouldDropAPageOfEveryAsidByNhVaa() {
        leaves(0x0002_0000_0000_0013L, 0x2001, "1011 1011 1011");
        leaves(0x0000_0000_0000_0013L, 0x40_0000, "1010 1010 1010");
    }

    @Test
    void shouldDropNothingElsewhere() {
        leaves(0x0001_0000_0000_0012L, 0x9000, "1111 1111 1111");
        leaves(0x0001_0000_0000_0012L, 0xFFFF_0000_0000_1000L, "1111 1111 1111");
    }

    private void usesNewTables(long word0, long word1, boolean expected) {
        // The page is remapped by way of a new table: only who drops table entries finds it.
        TestCd cd = b.stage1(4, 4).map(0x1000, SmmuBench.DATA);
        b.read(4, 0x1000);
        long table = b.allocator.allocate(0x1000, 0x1000);
        b.memory.writeLong(table + 8, SmmuBench.DATA + 0x5000 | 0xC43);
        cd.descriptor(0x1000, 1, table | 3);
        b.command(word0, word1).sync();
        assertThat(b.read(4, 0x1000).address()).isEqualTo(SmmuBench.DATA + (expected ? 0x5000 : 0));
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "NH_VA leaf,    0x0004000000000012, 0x1001, false",
        "NH_VA,         0x0004000000000012, 0x1000, true",
        "NH_VAA leaf,   0x0000000000000013, 0x1001, false",
        "NH_VAA,        0x0000000000000013, 0x1000, true",
        "NH_VA of a page beside, 0x0004000000000012, 0x3000, false",
        "range leaf,    0x0004000000101012, 0x0701, false",
        "range,         0x0004000000101012, 0x0700, true",
        "NH_ASID,       0x0004000000000011, 0,      true",
        "NH_ALL,        0x0000000000000010, 0,      true",
        "NSNH_ALL,      0x0000000000000030, 0,      true",
    })
    void shouldDropTableEntriesUnlessLeaf(String name, long word0, long word1, boolean newTables) {
        // 5.5: Leaf=1: walk caches may stay - here they do.
        usesNewTables(word0, word1, newTables);
    }

    @Test
    void shouldKeepTheTablesOfOtherAsids() {
        TestCd other = cds[1];
        other.map(0x1000, physical(1, 0));
        b.command(0x0001_0000_0000_0012L, 0x1000).sync();
        long hits = hits();
        b.command(0x0002_0000_0000_0012L, 0x1001).sync();
        assertThat(b.read(2, 0x1000).isOk()).isTrue();
        assertThat(hits()).isGreaterThan(hits);
    }

    private long hits() {
        return b.smmu.unit().walker().caches().caches().stream()
                .map(SetAssociativeCache::counters)
                .mapToLong(CacheCounters::hits)
                .sum();
    }

    @ParameterizedTest(name = "{0} at 0x{1}")
    @CsvSource({"12, 1, 21", "12, 2, 30", "14, 1, 25", "16, 1, 29"})
    void shouldDropABlockByAnyAddressInIt(int granule, int height, int shift) {
        // 5.5: non-range commands hit any entry that covers the address.
        TestCd cd = b.stage1(4, 4).lowerTables(granule, 48);
        long block = 5L << shift;
        for (long offset : new long[] {0, 0x1000, (1L << shift) - 0x1000}) {
            cd.map(block, 1L << 40, height, RW);
            assertThat(b.read(4, block).isOk()).isTrue();
            cd.tables(block).unmap(block, height);
            assertThat(b.read(4, block).isOk()).isTrue();
            b.command(0x0004_0000_0000_0012L, block + offset | 1).sync();
            assertThat(b.read(4, block).isOk()).as("offset 0x%x", offset).isFalse();
        }
    }

    @Test
    void shouldDropARunCachedByTheContiguousHint() {
        // 4.4: the run is one entry; an invalidation of any page of it must not leave that page behind.
        try (SmmuBench c = new SmmuBench(
                        SmmuBench.stage1Features(),
                        CacheConfiguration.standard().withContiguousHonoured(true))
                .start()) {
            TestCd cd = c.stage1(4, 4);
            for (long i = 0; i < 16; i++) {
                cd.map(0x1_0000 + (i << 12), SmmuBench.DATA + (i << 12), RW | 1L << 52);
            }
            c.read(4, 0x1_3000);
            cd.unmap(0x1_9000);
            assertThat(c.read(4, 0x1_9000).isOk()).isTrue();
            c.command(0x0004_0000_0000_0012L, 0x1_9001).sync();
            assertThat(c.read(4, 0x1_9000).isOk()).isFalse();
        }
    }

    @Test
    void shouldDropUpperAddressesWhateverTheirTag() {
        // Commands name the canonical address; the transaction came with a tag (TBI1).
        TestCd cd = b.stage1(4, 4).upperTables(12, 48).set(39, 39, 1).map(-0x1000, SmmuBench.DATA);
        long tagged = 0x5AFF_FFFF_FFFF_F000L;
        assertThat(b.read(4, tagged).isOk()).isTrue();
        cd.unmap(-0x1000);
        b.command(0x0004_0000_0000_0012L, 0xFFFF_FFFF_FFFF_F001L).sync();
        assertThat(b.read(4, tagged).isOk()).isFalse();
    }

    @Test
    void shouldTakeEffectByTheSyncAfterAnyNumberOfCommands() {
        b.write32(0x20, 0x5);
        b.command(0x0001_0000_0000_0012L, 0x1001).command(0x0002_0000_0000_0012L, 0x2001);
        b.command(0x0003_0000_0000_0011L, 0).sync();
        b.write32(0x20, 0xD);
        assertThat(stale()).isEqualTo("0111 1011 0001");
    }
}
