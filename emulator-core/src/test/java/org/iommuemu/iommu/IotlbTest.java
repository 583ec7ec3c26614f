// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.TableRoot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IotlbTest {
    private static final int MISS = -1;
    private static final int PAGE = 12;
    private static final CacheGeometry AMPLE = CacheGeometry.of(64, 4, ReplacementPolicy.LRU);
    private static final TableRoot ROOT = root(12, 1, 100);
    private static final TableRoot SIBLING = root(12, 2, 100);
    private static final TableRoot STRANGER = root(12, 3, 101);

    private final Iotlb tlb = new Iotlb("IOTLB", AMPLE, false);
    private final InvalidationScope scope = new InvalidationScope();

    @ParameterizedTest(name = "2^{0} bytes")
    @ValueSource(ints = {12, 21, 30, 39})
    void shouldFindAnEntryForEveryAddressOfIts(int shift) {
        long first = 3L << shift;
        long last = first + (1L << shift) - 1;
        tlb.fill(ROOT, first + 0x123, (5L << shift) + 0x123, shift, shift, false, 0x2A, 0x3FF);

        int entry = tlb.lookup(ROOT, last);

        assertThat(entry).isNotEqualTo(MISS);
        assertThat(tlb.output(entry, last)).isEqualTo((6L << shift) - 1);
        assertThat(tlb.output(tlb.lookup(ROOT, first), first)).isEqualTo(5L << shift);
        assertThat(tlb.permissions(entry)).isEqualTo(0x2A);
        assertThat(tlb.attributes(entry)).isEqualTo(0x3FF);
        assertThat(tlb.hitShift()).isEqualTo(shift);
        assertThat(tlb.lookup(ROOT, last + 1)).isEqualTo(MISS);
        assertThat(tlb.lookup(ROOT, first - 1)).isEqualTo(MISS);
    }

    @Test
    void shouldHoldSeveralPageSizesAtOnce() {
        fill(ROOT, 0x1000, PAGE, false);
        fill(ROOT, 0x20_0000, 21, false);
        fill(ROOT, 0x4000_0000, 30, false);

        assertThat(hit(ROOT, 0x1FFF)).isEqualTo(12);
        assertThat(hit(ROOT, 0x3F_FFFF)).isEqualTo(21);
        assertThat(hit(ROOT, 0x7FFF_FFFF)).isEqualTo(30);
        assertThat(hit(ROOT, 0x40_0000)).isEqualTo(MISS);
    }

    @Test
    void shouldKeepAddressSpacesApart() {
        fill(ROOT, 0x1000, PAGE, false);

        assertThat(hit(SIBLING, 0x1000)).isEqualTo(MISS);
        assertThat(hit(ROOT, 0x1000)).isEqualTo(12);
    }

    @Test
    void shouldShareGlobalEntriesBetweenRootsOfOneGlobalTag() {
        fill(ROOT, 0x1000, PAGE, true);

        assertThat(hit(ROOT, 0x1000)).isEqualTo(12);
        assertThat(hit(SIBLING, 0x1000)).isEqualTo(12);
        assertThat(hit(STRANGER, 0x1000)).isEqualTo(MISS);
    }

    @Test
    void shouldKeepGranulesApart() {
        fill(root(12, 1, 100), 0x20_0000, 21, false);

        assertThat(hit(root(14, 1, 100), 0x20_0000)).isEqualTo(MISS);
        assertThat(hit(root(16, 1, 100), 0x20_0000)).isEqualTo(MISS);
    }

    @Test
    void shouldKeepAnUpperRangeApartFromALowerOne() {
        fill(ROOT, -0x1000, PAGE, false);

        assertThat(hit(ROOT, -1)).isEqualTo(12);
        assertThat(hit(ROOT, 0x0000_FFFF_FFFF_F000L)).isEqualTo(MISS);
    }

    @Test
    void shouldCountOneLookupHoweverManySizesAreTried() {
        fill(ROOT, 0x1000, PAGE, false);
        fill(ROOT, 0x20_0000, 21, true);
        fill(ROOT, 0x4000_0000, 30, false);

        hit(ROOT, 0x20_0000);
        hit(ROOT, 0x9999_0000_0000L);

        assertThat(tlb.cache().counters().hits()).isEqualTo(1);
        assertThat(tlb.cache().counters().misses()).isEqualTo(1);
    }

    @Test
    void shouldOverwriteTheEntryOfTheSamePage() {
        tlb.fill(ROOT, 0x1000, 0x5000, PAGE, PAGE, false, 1, 0);
        tlb.fill(ROOT, 0x1000, 0x6000, PAGE, PAGE, false, 3, 0);

        int entry = tlb.lookup(ROOT, 0x1000);

        assertThat(tlb.output(entry, 0x1000)).isEqualTo(0x6000);
        assertThat(tlb.permissions(entry)).isEqualTo(3);
        assertThat(tlb.cache().size()).isEqualTo(1);
    }

    @Test
    void shouldMissWhatWasEvictedAndFindWhatEvictedIt() {
        Iotlb one = new Iotlb("IOTLB", CacheGeometry.fullyAssociative(1, ReplacementPolicy.LRU), false);
        one.fill(ROOT, 0x1000, 0, PAGE, PAGE, false, 1, 0);

        one.fill(ROOT, 0x20_0000, 0, 21, 21, true, 1, 0);

        assertThat(one.lookup(ROOT, 0x1000)).isEqualTo(MISS);
        assertThat(one.lookup(SIBLING, 0x20_0000)).isNotEqualTo(MISS);
        one.fill(ROOT, 0x1000, 0, PAGE, PAGE, false, 1, 0);
        assertThat(one.lookup(ROOT, 0x1000)).isNotEqualTo(MISS);
        assertThat(one.lookup(ROOT, 0x20_0000)).isEqualTo(MISS);
    }

    @Test
    void shouldHoldNothingWithoutAGeometry() {
        Iotlb none = new Iotlb("IOTLB", CacheGeometry.none(), true);

        none.fill(ROOT, 0x1000, 0x1000, PAGE, 16, false, 1, 0);

        assertThat(none.lookup(ROOT, 0x1000)).isEqualTo(MISS);
        assertThat(none.invalidate(scope.everything())).isZero();
        assertThat(none.cache().counters().misses()).isEqualTo(1);
    }

    @ParameterizedTest(name = "honoured {0}, {1} to {2}: 2^{3}")
    @CsvSource({
        "true, 0x13000, 0x53000, 16",
        "true, 0x10000, 0x50000, 16",
        "true, 0x1F000, 0x5F000, 16",
        "true, 0x13000, 0x54000, 12",
        "true, 0x10000, 0x58000, 12",
        "false, 0x13000, 0x53000, 12"
    })
    void shouldCacheAContiguousRunAsOneOnlyWhereItIsAligned(boolean honoured, String in, String out, int shift) {
        Iotlb contiguous = new Iotlb("IOTLB", AMPLE, honoured);
        long address = Long.decode(in);

        contiguous.fill(ROOT, address | 0xABC, Long.decode(out) | 0xABC, PAGE, 16, false, 1, 0);

        int entry = contiguous.lookup(ROOT, address);
        assertThat(contiguous.hitShift()).isEqualTo(shift);
        assertThat(contiguous.output(entry, address)).isEqualTo(Long.decode(out));
        assertThat(contiguous.lookup(ROOT, address ^ 0x1000) >= 0).isEqualTo(shift == 16);
        assertThat(contiguous.lookup(ROOT, 0x2_0000)).isEqualTo(MISS);
    }

    @Test
    void shouldTranslateTheNeighboursOfAnAlignedRun() {
        Iotlb contiguous = new Iotlb("IOTLB", AMPLE, true);
        contiguous.fill(ROOT, 0x13000, 0x53000, PAGE, 16, false, 1, 0);

        int entry = contiguous.lookup(ROOT, 0x1CDEF);

        assertThat(contiguous.output(entry, 0x1CDEF)).isEqualTo(0x5CDEF);
    }

    @Test
    void shouldDropOnePageByItsAddressAlone() {
        fill(ROOT, 0x1000, PAGE, false);
        fill(ROOT, 0x2000, PAGE, false);
        fill(SIBLING, 0x1000, PAGE, false);

        assertThat(tlb.invalidate(scope.everything().tag(-1L, 1).addresses(0x1800, 0x1800)))
                .isEqualTo(1);

        assertThat(hit(ROOT, 0x1000)).isEqualTo(MISS);
        assertThat(hit(ROOT, 0x2000)).isEqualTo(12);
        assertThat(hit(SIBLING, 0x1000)).isEqualTo(12);
    }

    @Test
    void shouldDropABlockByAnyAddressInIt() {
        fill(ROOT, 0x20_0000, 21, false);
        fill(ROOT, 0x1000, PAGE, false);

        assertThat(tlb.invalidate(scope.everything().tag(-1L, 1).exceptGlobal().addresses(0x3F_F000, 0x3F_FFFF)))
                .isEqualTo(1);

        assertThat(hit(ROOT, 0x20_0000)).isEqualTo(MISS);
    }

    @Test
    void shouldDropGlobalEntriesUnlessTheyAreExcepted() {
        fill(ROOT, 0x1000, PAGE, true);
        assertThat(tlb.invalidate(scope.everything().tag(-1L, 1).exceptGlobal().addresses(0x1000, 0x1000)))
                .isZero();

        assertThat(tlb.invalidate(scope.everything().tag(-1L, 1).addresses(0x1000, 0x1000)))
                .isEqualTo(1);

        assertThat(hit(ROOT, 0x1000)).isEqualTo(MISS);
    }

    @Test
    void shouldDropOneAddressSpace() {
        fill(ROOT, 0x1000, PAGE, false);
        fill(ROOT, -0x1000, PAGE, false);
        fill(SIBLING, 0x1000, PAGE, false);
        fill(ROOT, 0x5000, PAGE, true);

        assertThat(tlb.invalidate(scope.everything().tag(-1L, 1).exceptGlobal()))
                .isEqualTo(2);

        assertThat(hit(SIBLING, 0x1000)).isEqualTo(12);
        assertThat(hit(ROOT, 0x5000)).isEqualTo(12);
    }

    private void fill(TableRoot root, long address, int shift, boolean global) {
        tlb.fill(root, address, 0, shift, shift, global, 1, 0);
    }

    /** log2 of the size of the entry found, or {@link #MISS}. */
    private int hit(TableRoot root, long address) {
        return tlb.lookup(root, address) < 0 ? MISS : tlb.hitShift();
    }

    private static TableRoot root(int granuleShift, long tag, long globalTag) {
        return TableRoot.builder(Aarch64Stage1.format(granuleShift, false))
                .tags(tag, globalTag)
                .build();
    }
}
