// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CreditsTest {
    private final Credits credits = new Credits("credits", 4);
    private final Waiter writes = credits.waiter("writes");

    private void use(int units, long at, long expectedStart, long end) {
        assertThat(credits.acquire(writes, units, at)).isEqualTo(expectedStart);
        credits.release(expectedStart, end);
    }

    @Test
    void shouldWaitForAsManyUnitsAsAreNeeded() {
        use(1, 0, 0, 100);
        use(2, 0, 0, 200);
        use(1, 10, 10, 300);
        // One unit is back at 100; two more at 200.
        use(1, 20, 100, 400);
        use(2, 20, 200, 500);
        // All four: the last of those taken comes back at 500.
        use(4, 30, 500, 600);
        use(1, 1000, 1000, 1001);

        assertThat(credits.statistics(1001))
                .isEqualTo(new ResourceStatistics(
                        "credits",
                        4,
                        7,
                        100 + 2 * 200 + 290 + 300 + 2 * 300 + 4 * 100 + 1,
                        2091 / 1001.0,
                        4,
                        List.of(new Waits("writes", "credits", 7, 3, 80 + 180 + 470, 470))));
    }

    @Test
    void shouldReturnUnitsInTheOrderInWhichTheyWereTaken() {
        use(2, 0, 0, 500);
        use(2, 0, 0, 100);

        use(1, 0, 500, 501);
    }

    @Test
    void shouldRefuseWhatCanNeverBe() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> credits.acquire(writes, 5, 0))
                .withMessage("credits: 5 of 4 credits");
        assertThatIllegalArgumentException().isThrownBy(() -> credits.acquire(writes, 0, 0));
        assertThatIllegalStateException().isThrownBy(() -> credits.release(0, 1));
        credits.acquire(writes, 4, 0);
        assertThatIllegalStateException().isThrownBy(() -> credits.acquire(writes, 1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> credits.release(5, 4));
    }

    /** The oracle keeps a list of all uses and looks at every moment at which units come back. */
    @ParameterizedTest
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldAgreeWithCountingEveryUnit(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int capacity = 1 + random.nextInt(9);
        Credits tested = new Credits("credits", capacity);
        Waiter who = tested.waiter("any");
        List<long[]> uses = new ArrayList<>();
        long at = 0;
        long back = 0;
        for (int i = 0; i < 5000; i++) {
            at += random.nextInt(30);
            int units = 1 + random.nextInt(capacity);
            long start = at;
            while (held(uses, start) + units > capacity) {
                start = nextReturn(uses, start);
            }
            assertThat(tested.acquire(who, units, at))
                    .as("seed %d, use %d", seed, i)
                    .isEqualTo(start);
            back = Math.max(back, start + random.nextInt(60));
            tested.release(start, back);
            uses.add(new long[] {units, back});
            at = start;
            int tail = Math.max(0, uses.size() - 20);
            uses.subList(0, tail).clear();
        }
    }

    private static long held(List<long[]> uses, long time) {
        return uses.stream().filter(u -> u[1] > time).mapToLong(u -> u[0]).sum();
    }

    private static long nextReturn(List<long[]> uses, long time) {
        return uses.stream().mapToLong(u -> u[1]).filter(t -> t > time).min().orElseThrow();
    }
}
