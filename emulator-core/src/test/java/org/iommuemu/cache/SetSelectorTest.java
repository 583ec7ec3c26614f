// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SetSelectorTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 6, 7, 12, 64, 100, 1023, 1024, 1025, 3_000_017, 1 << 24, (1 << 24) - 1})
    void shouldBeTheUnsignedRemainder(final int sets) {
        final SetSelector selector = new SetSelector(sets);
        final SplittableRandom random = new SplittableRandom(sets);

        for (int i = 0; i < 20_000; i++) {
            final long multiple = Long.divideUnsigned(random.nextLong(), sets) * sets;
            for (long index = multiple - 2; index != multiple + 3; index++) {
                assertThat(selector.setOf(index)).isEqualTo((int) Long.remainderUnsigned(index, sets));
            }
        }
        for (final long index : new long[] {0, -1, -2, Long.MIN_VALUE, Long.MAX_VALUE, 0xFFFF_FFFFL, 1L << 32}) {
            assertThat(selector.setOf(index)).isEqualTo((int) Long.remainderUnsigned(index, sets));
        }
    }
}
