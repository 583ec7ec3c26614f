// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.memory.PhysicalMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** 4K, T0SZ = 16 (48 bits): three tables above the pages, all of one chain. */
class WalkCachesTest {
    private static final long L0 = 0x4000_0000L;
    private static final long L1 = 0x4000_1000L;
    private static final long L2 = 0x4000_2000L;
    private static final long L3 = 0x4000_3000L;
    private static final long OTHER_L3 = 0x4000_4000L;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final WalkCaches caches = TestStages.walkCaches(CacheGeometry.of(4, 4, ReplacementPolicy.LRU));
    private final Walker walker = new Walker(memory, caches);
    private final TableRoot root = root(1);

    @BeforeEach
    void map() {
        memory.writeLong(L0, L1 | 3);
        memory.writeLong(L1, L2 | 3 | 1L << 60);
        memory.writeLong(L2, L3 | 3 | 1L << 62);
        memory.writeLong(L2 + 8, OTHER_L3 | 3);
        for (int i = 0; i < 512; i++) {
            memory.writeLong(L3 + 8L * i, (long) i << 12 | 3);
            memory.writeLong(OTHER_L3 + 8L * i, 1L << 21 | (long) i << 12 | 3);
        }
    }

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void shouldReadOnlyTheLeafForANeighbour() {
        assertThat(readsOf(0)).containsExactly(1L, 1L, 1L, 1L);

        assertThat(readsOf(0x1000)).containsExactly(1L, 0L, 0L, 0L);
        assertThat(readsOf(0x1F_F000)).containsExactly(1L, 0L, 0L, 0L);
        assertThat(walker.output()).isEqualTo(0x1F_F000);
    }

    @Test
    void shouldStartBelowTheLowestTableThatIsShared() {
        readsOf(0);

        assertThat(readsOf(0x20_0000)).containsExactly(1L, 1L, 0L, 0L);
        assertThat(readsOf(0x4000_0000)).containsExactly(0L, 0L, 1L, 0L);
    }

    @Test
    void shouldGiveTheRestrictionsOfTheTablesThatWereSkipped() {
        readsOf(0);
        long whole = walker.restrictions();

        readsOf(0x1000);

        assertThat(whole).isEqualTo(1L << 60 | 1L << 62);
        assertThat(walker.restrictions()).isEqualTo(whole);
        readsOf(0x20_0000);
        assertThat(walker.restrictions()).isEqualTo(1L << 60);
    }

    @Test
    void shouldKeepAddressSpacesApart() {
        readsOf(0);

        assertThat(readsOf(root(2), 0)).containsExactly(1L, 1L, 1L, 1L);
        assertThat(readsOf(root(2), 0x1000)).containsExactly(1L, 0L, 0L, 0L);
    }

    @Test
    void shouldKeepTheTwoHalvesOfAnAddressSpaceApart() {
        TableRoot upper = TableRoot.builder(Aarch64Stage1.format(12, false))
                .base(L0)
                .upper(true)
                .tags(1, 9)
                .build();
        readsOf(0);

        assertThat(readsOf(upper, -(1L << 48))).containsExactly(1L, 1L, 1L, 1L);
    }

    @Test
    void shouldNotCacheLeaves() {
        readsOf(0);

        assertThat(readsOf(0)).containsExactly(1L, 0L, 0L, 0L);
        assertThat(caches.caches()).extracting(SetAssociativeCache::size).containsExactly(1, 1, 1, 0);
    }

    @Test
    void shouldKeepWhatWasReadBeforeAnInvalidLeaf() {
        memory.writeLong(L3, 0);

        assertThat(walker.walk(root, 0)).isEqualTo(WalkStatus.INVALID_DESCRIPTOR);

        assertThat(readsOf(0x1000)).containsExactly(1L, 0L, 0L, 0L);
    }

    @Test
    void shouldNotKeepATableBeyondTheOutputSize() {
        memory.writeLong(L2, 1L << 47 | L3 | 3);
        TableRoot narrow = TableRoot.builder(Aarch64Stage1.format(12, false))
                .base(L0)
                .outputBits(44)
                .tags(1, 9)
                .build();

        assertThat(walker.walk(narrow, 0)).isEqualTo(WalkStatus.ADDRESS_SIZE);

        assertThat(caches.caches()).extracting(SetAssociativeCache::size).containsExactly(0, 1, 1, 0);
    }

    @Test
    void shouldUseTheOldTableUntilItIsInvalidated() {
        readsOf(0);
        memory.writeLong(L2, OTHER_L3 | 3);
        readsOf(0x1000);
        assertThat(walker.output()).isEqualTo(0x1000);

        caches.invalidateAll();

        assertThat(readsOf(0x1000)).containsExactly(1L, 1L, 1L, 1L);
        assertThat(walker.output()).isEqualTo(0x20_1000);
    }

    @Test
    void shouldDropWhatAFilterMatches() {
        readsOf(0);
        readsOf(root(2), 0);

        caches.invalidateIf((tag0, tag1, value0, value1) -> tag1 == 2);

        assertThat(readsOf(root(2), 0)).containsExactly(1L, 1L, 1L, 1L);
        assertThat(readsOf(0)).containsExactly(1L, 0L, 0L, 0L);
    }

    @Test
    void shouldTagAnEntryWithTheSpanOfItsDescriptor() {
        readsOf(0x20_3000);
        List<String> tags = new ArrayList<>();

        caches.invalidateIf((tag0, tag1, value0, value1) -> {
            tags.add(Long.toHexString(EntryTag.first(tag0)) + " 2^" + EntryTag.shift(tag0));
            return false;
        });

        assertThat(tags).containsExactly("200000 2^21", "0 2^30", "0 2^39");
    }

    @Test
    void shouldStartEveryWalkAtTheRootWithoutCaches() {
        Walker plain = new Walker(memory, TestStages.walkCaches(CacheGeometry.none()));

        plain.walk(root, 0);
        plain.walk(root, 0);

        assertThat(plain.accesses(3)).isEqualTo(2);
        assertThat(plain.accesses(0)).isEqualTo(2);
    }

    @Test
    void shouldRefuseAnyNumberOfGeometriesButOnePerHeight() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WalkCaches("short", List.of(CacheGeometry.none())))
                .withMessageContaining("expected 4");
    }

    private List<Long> readsOf(long address) {
        return readsOf(root, address);
    }

    /** Descriptor reads of one walk, by height. */
    private List<Long> readsOf(TableRoot r, long address) {
        List<Long> reads = new ArrayList<>();
        for (int height = 0; height < 4; height++) {
            reads.add(-walker.accesses(height));
        }
        walker.walk(r, address);
        for (int height = 0; height < 4; height++) {
            reads.set(height, reads.get(height) + walker.accesses(height));
        }
        return reads;
    }

    private static TableRoot root(long tag) {
        return TableRoot.builder(Aarch64Stage1.format(12, false))
                .base(L0)
                .tags(tag, 9)
                .build();
    }
}
