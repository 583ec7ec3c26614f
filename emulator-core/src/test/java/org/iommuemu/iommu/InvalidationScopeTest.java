// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.paging.EntryTag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InvalidationScopeTest {
    private final InvalidationScope scope = new InvalidationScope();

    @Test
    void shouldNameEveryEntryAtFirst() {
        scope.everything();

        assertThat(names(0, 12, false, 0)).isTrue();
        assertThat(names(-0x1000, 12, true, 77)).isTrue();
        assertThat(names(0, 63, false, -2)).isTrue();
        assertThat(scope.isLeafOnly()).isFalse();
        assertThat(scope.isExact()).isFalse();
        assertThat(scope.includesGlobal()).isTrue();
    }

    @Test
    void shouldForgetAnEarlierScope() {
        scope.everything()
                .tag(-1L, 5)
                .exceptGlobal()
                .globalTag(-1L, 6)
                .addresses(1, 2)
                .leafOnly(true);

        shouldNameEveryEntryAtFirst();
    }

    @Test
    void shouldCompareTagsUnderTheMask() {
        scope.everything().tag(0xFFFF_0000L, 0x0005_1234L);

        assertThat(names(0, 12, false, 0x0005_0000L)).isTrue();
        assertThat(names(0, 12, false, 0x0005_FFFFL)).isTrue();
        assertThat(names(0, 12, false, 0x0006_1234L)).isFalse();
        assertThat(scope.isExact()).isFalse();
        assertThat(scope.tag()).isEqualTo(0x0005_0000L);
    }

    @Test
    void shouldBeExactWhenEveryTagBitCounts() {
        assertThat(scope.everything().tag(-1L, 3).isExact()).isTrue();
        assertThat(names(0, 12, false, 3)).isTrue();
        assertThat(names(0, 12, false, 2)).isFalse();
    }

    @Test
    void shouldCompareTheTagOfGlobalEntriesUnderAMaskOfItsOwn() {
        scope.everything().tag(-1L, 3).globalTag(0xFF00, 0x1200);

        assertThat(names(0, 12, true, 0x1234)).isTrue();
        assertThat(names(0, 12, true, 3)).isFalse();
        assertThat(names(0, 12, false, 0x1234)).isFalse();
    }

    @Test
    void shouldLeaveGlobalEntriesAlone() {
        scope.everything().exceptGlobal();

        assertThat(names(0, 12, true, 0)).isFalse();
        assertThat(names(0, 12, false, 0)).isTrue();
        assertThat(scope.includesGlobal()).isFalse();
    }

    @ParameterizedTest(name = "2^{1} bytes at {0}: {2}")
    @CsvSource({
        "0x1000, 12, false",
        "0x2000, 12, true",
        "0x3000, 12, true",
        "0x4000, 12, false",
        "0x0, 14, true",
        "0x0, 21, true",
        "0x200000, 21, false",
        "-0x1000, 12, false"
    })
    void shouldNameEntriesThatHoldAnyAddressOfTheRange(String first, int log2, boolean named) {
        scope.everything().addresses(0x2FFF, 0x3000);

        assertThat(names(Long.decode(first), log2, false, 0)).isEqualTo(named);
    }

    @Test
    void shouldCompareAddressesUnsigned() {
        scope.everything().addresses(0x7FFF_FFFF_FFFF_F000L, 0x8000_0000_0000_0FFFL);

        assertThat(names(Long.MIN_VALUE, 12, false, 0)).isTrue();
        assertThat(names(0x7FFF_FFFF_FFFF_F000L, 12, false, 0)).isTrue();
        assertThat(names(0x7FFF_FFFF_FFFF_E000L, 12, false, 0)).isFalse();
        assertThat(names(0, 12, false, 0)).isFalse();
        assertThat(names(-0x1000, 12, false, 0)).isFalse();
    }

    @Test
    void shouldIgnoreTheValuesOfAnEntry() {
        scope.everything().tag(-1L, 3);

        assertThat(scope.matches(EntryTag.of(0, 12, 0, false), 3, -1, -1)).isTrue();
    }

    @Test
    void shouldSayWhetherWalkCachesAreLeftAlone() {
        assertThat(scope.everything().leafOnly(true).isLeafOnly()).isTrue();
        assertThat(scope.leafOnly(false).isLeafOnly()).isFalse();
    }

    private boolean names(long first, int log2, boolean global, long tag) {
        return scope.matches(EntryTag.of(first, log2, 1, global), tag, 0, 0);
    }
}
