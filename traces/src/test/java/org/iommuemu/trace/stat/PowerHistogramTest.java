// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.stat;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Classes of values. */
class PowerHistogramTest {
    @Test
    void shouldSortValuesByTheirHighestBit() {
        PowerHistogram h = new PowerHistogram();
        for (long value : new long[] {0, 4, 5, 7, 8, -1}) {
            h.add(value);
        }

        assertThat(h.count()).isEqualTo(6);
        assertThat(h.of(0)).isEqualTo(1);
        assertThat(h.of(3)).isEqualTo(3);
        assertThat(h.of(4)).isEqualTo(1);
        assertThat(h.of(64)).isEqualTo(1);
        assertThat(h.first()).isZero();
        assertThat(h.firstPositive()).isEqualTo(3);
        assertThat(h.end()).isEqualTo(65);
    }

    @Test
    void shouldKnowTheValuesOfAClass() {
        assertThat(PowerHistogram.least(0)).isZero();
        assertThat(PowerHistogram.most(0)).isZero();
        assertThat(PowerHistogram.least(1)).isEqualTo(1);
        assertThat(PowerHistogram.most(1)).isEqualTo(1);
        assertThat(PowerHistogram.least(4)).isEqualTo(8);
        assertThat(PowerHistogram.most(4)).isEqualTo(15);
        assertThat(PowerHistogram.most(64)).isEqualTo(-1);
    }

    @Test
    void shouldBeEmptyAtFirst() {
        PowerHistogram h = new PowerHistogram();

        assertThat(h.first()).isZero();
        assertThat(h.firstPositive()).isEqualTo(1);
        assertThat(h.end()).isZero();
    }
}
