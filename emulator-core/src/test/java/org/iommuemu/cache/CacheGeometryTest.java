// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CacheGeometryTest {

    @Test
    void shouldMultiplySetsAndWaysToEntries() {
        assertThat(CacheGeometry.of(7, 3, ReplacementPolicy.LRU).entries()).isEqualTo(21);
        assertThat(CacheGeometry.fullyAssociative(48, ReplacementPolicy.FIFO))
                .isEqualTo(new CacheGeometry(1, 48, ReplacementPolicy.FIFO, 0));
        assertThat(CacheGeometry.none().entries()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0, 4, sets: 0", "-1, 4, sets: -1", "4, 0, ways: 0", "16777217, 1, sets: 16777217", "1, -7, ways: -7"})
    void shouldNameTheFieldItsValueAndTheLegalRange(final int sets, final int ways, final String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CacheGeometry.of(sets, ways, ReplacementPolicy.LRU))
                .withMessageStartingWith(message)
                .withMessageContaining("1..16777216");
    }

    @Test
    void shouldRejectMoreEntriesThanFitEvenWhenTheProductOverflows() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CacheGeometry.of(1 << 16, 1 << 16, ReplacementPolicy.LRU))
                .withMessage("sets * ways: 65536 * 65536 = 4294967296 entries is outside 1..16777216");
    }

    @Test
    void shouldRejectAMissingPolicyListingTheLegalOnes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CacheGeometry(1, 1, null, 0))
                .withMessage(
                        "policy: null is not one of lru, tree-plru, round-robin, random, fifo, srrip, lfu, oracle");
    }

    @Test
    void shouldRejectFullyAssociativeWithoutEntries() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CacheGeometry.fullyAssociative(0, ReplacementPolicy.LRU))
                .withMessageStartingWith("entries: 0 is outside");
    }

    @ParameterizedTest
    @EnumSource(ReplacementPolicy.class)
    void shouldParseEveryLabelInAnyCase(final ReplacementPolicy policy) {
        assertThat(ReplacementPolicy.parse(policy.label())).isEqualTo(policy);
        assertThat(ReplacementPolicy.parse(policy.label().toUpperCase(java.util.Locale.ROOT)))
                .isEqualTo(policy);
    }

    @Test
    void shouldListTheLegalNamesWhenAPolicyIsUnknown() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ReplacementPolicy.parse("mru"))
                .withMessage(
                        "policy: 'mru' is not one of lru, tree-plru, round-robin, random, fifo, srrip, lfu, oracle");
        assertThatIllegalArgumentException().isThrownBy(() -> ReplacementPolicy.parse(null));
    }
}
