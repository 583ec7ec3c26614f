// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.api.Test;

/** Which units are accessed. */
class OffsetPatternTest {
    private final RandomStream random = new RandomStream(11);

    private long[] counts(OffsetPattern pattern, int units, int accesses) {
        long[] counts = new long[units];
        for (int i = 0; i < accesses; i++) {
            counts[(int) pattern.unit(i, random)]++;
        }
        return counts;
    }

    @Test
    void shouldGoRoundInStrides() {
        OffsetPattern pattern = OffsetPattern.strided(10, 3);

        long[] units = {0, 3, 6, 9, 2, 5, 8, 1, 4, 7, 0};

        for (int i = 0; i < units.length; i++) {
            assertThat(pattern.unit(i, random)).isEqualTo(units[i]);
        }
    }

    @Test
    void shouldGoBackwardsWithANegativeStride() {
        OffsetPattern pattern = OffsetPattern.strided(4, -1);

        assertThat(new long[] {
                    pattern.unit(0, random), pattern.unit(1, random), pattern.unit(2, random), pattern.unit(4, random)
                })
                .containsExactly(0, 3, 2, 0);
    }

    @Test
    void shouldUseAllUnitsAlikeWhenUniform() {
        long[] counts = counts(OffsetPattern.uniform(16), 16, 160_000);

        assertThat(Arrays.stream(counts).boxed()).allSatisfy(n -> assertThat(n).isBetween(9_600L, 10_400L));
    }

    @Test
    void shouldFollowZipfsLaw() {
        int units = 100;
        double harmonic = 0;
        for (int k = 1; k <= units; k++) {
            harmonic += 1.0 / k;
        }

        long[] counts = counts(OffsetPattern.zipf(units, 1), units, 1_000_000);

        Arrays.sort(counts);
        for (int k : new int[] {1, 2, 5, 20}) {
            double expected = 1_000_000 / harmonic / k;
            assertThat((double) counts[units - k]).isCloseTo(expected, within(expected * 0.05));
        }
        assertThat(counts[0]).isPositive();
    }
}
