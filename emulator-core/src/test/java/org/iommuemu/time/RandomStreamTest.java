// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RandomStreamTest {
    /** The sequence that implementations of SplitMix64 are usually checked with. */
    @Test
    void shouldDrawTheNumbersOfSplitMix64() {
        RandomStream random = new RandomStream(1234567);

        assertThat(random.nextLong()).isEqualTo(Long.parseUnsignedLong("6457827717110365317"));
        assertThat(random.nextLong()).isEqualTo(Long.parseUnsignedLong("3203168211198807973"));
        assertThat(random.nextLong()).isEqualTo(Long.parseUnsignedLong("9817491932198370423"));
        SplittableRandom jdk = new SplittableRandom(1234567);
        RandomStream again = new RandomStream(1234567);
        for (int i = 0; i < 1000; i++) {
            assertThat(again.nextLong()).isEqualTo(jdk.nextLong());
        }
    }

    @Test
    void shouldDrawEachNumberBelowABoundEquallyOften() {
        RandomStream random = new RandomStream(1);
        int[] counts = new int[7];
        for (int i = 0; i < 700_000; i++) {
            counts[(int) random.nextBelow(7)]++;
        }
        for (int count : counts) {
            assertThat(count).isCloseTo(100_000, within(1500)); // five standard deviations
        }
    }

    /** With a bound of 3/4 of the range a quarter of the draws must be drawn again, or small numbers would be twice as likely. */
    @Test
    void shouldNotFavourSmallNumbersBelowALargeBound() {
        RandomStream random = new RandomStream(2);
        long bound = 3L << 61;
        int small = 0;
        for (int i = 0; i < 30_000; i++) {
            small += random.nextBelow(bound) < bound / 3 ? 1 : 0;
        }
        assertThat(small).isCloseTo(10_000, within(450));
        assertThatIllegalArgumentException().isThrownBy(() -> random.nextBelow(0));
    }

    @Test
    void shouldDrawTimesOfTheGivenMean() {
        RandomStream random = new RandomStream(3);
        double sum = 0;
        int beyondTheMean = 0;
        int draws = 200_000;
        for (int i = 0; i < draws; i++) {
            long time = random.nextExponential(1_000_000);
            assertThat(time).isBetween(0L, 37_000_000L);
            sum += time;
            beyondTheMean += time > 1_000_000 ? 1 : 0;
        }
        assertThat(sum / draws).isCloseTo(1_000_000, within(12_000.0));
        assertThat(beyondTheMean / (double) draws).isCloseTo(1 / Math.E, within(0.006));
        assertThat(random.nextExponential(0)).isZero();
    }

    @Test
    void shouldSplitIntoStreamsThatDependOnSeedAndKeyOnly() {
        RandomStream random = new RandomStream(4);
        long early = random.split(9).nextLong();
        random.nextLong();

        assertThat(random.split(9).nextLong()).isEqualTo(early);
        assertThat(new RandomStream(5).split(9).nextLong()).isNotEqualTo(early);
    }

    @Test
    void shouldSplitIntoStreamsThatDoNotMeet() {
        Set<Long> drawn = new HashSet<>();
        for (long seed = 0; seed < 20; seed++) {
            RandomStream parent = new RandomStream(seed);
            for (long key = -10; key < 10; key++) {
                RandomStream child = parent.split(key);
                for (int i = 0; i < 50; i++) {
                    assertThat(drawn.add(child.nextLong())).isTrue();
                }
            }
        }
    }

    @Test
    void shouldDrawFractionsOfTheUnitInterval() {
        RandomStream random = new RandomStream(6);
        double sum = 0;
        for (int i = 0; i < 100_000; i++) {
            double fraction = random.nextDouble();
            assertThat(fraction).isGreaterThanOrEqualTo(0).isLessThan(1);
            sum += fraction;
        }
        assertThat(sum / 100_000).isCloseTo(0.5, within(0.005));
    }
}
