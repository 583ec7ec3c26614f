// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.iommuemu.bits.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SerialRegionsTest {
    private final SerialRegions regions = new SerialRegions("leaf tables");
    private final Waiter walks = regions.waiter("walks");

    private long use(long region, long at, long duration) {
        long start = regions.acquire(walks, region, at);
        regions.release(region, start, start + duration);
        return start;
    }

    @Test
    void shouldAdmitOneAtATimeInEachRegion() {
        assertThat(use(5, 0, 100)).isZero();
        assertThat(use(7, 10, 50)).isEqualTo(10);
        assertThat(use(5, 20, 50)).isEqualTo(100);
        assertThat(use(7, 60, 5)).isEqualTo(60);
        assertThat(use(5, 200, 10)).isEqualTo(200);

        assertThat(regions.statistics(1000))
                .isEqualTo(new ResourceStatistics(
                        "leaf tables",
                        Double.POSITIVE_INFINITY,
                        5,
                        100 + 50 + 50 + 5 + 10,
                        0.215,
                        2,
                        List.of(new Waits("walks", "leaf tables", 5, 1, 80, 80))));
    }

    @Test
    void shouldNotWaitForARegionWhoseEndNobodyKnows() {
        regions.acquire(walks, 5, 0);

        assertThat(regions.acquire(walks, 6, 0)).isZero();
        assertThatIllegalStateException().isThrownBy(() -> regions.acquire(walks, 5, 10));
    }

    @Test
    void shouldTakeAnyNumberForARegionAndNoTimeForAUse() {
        assertThat(use(-1, 0, 0)).isZero();
        assertThat(use(-1, 0, 7)).isZero();
        assertThat(use(Long.MIN_VALUE, 0, 7)).isZero();
        assertThat(use(-1, 0, 7)).isEqualTo(7);
    }

    @Test
    void shouldRememberTheRegionsInUseAndNotTheFootprint() {
        long time = 0;
        for (int region = 0; region < 1_000_000; region++) {
            time += 300_000;
            use(region, time, 200_000);
        }

        // a millisecond is 3,333 regions; two generations of these and some more
        assertThat(regions.remembered()).isLessThan(10_000);
    }

    /** Other regions, one each microsecond: enough for a few generations of a millisecond and more. */
    private void useOthers(int fromMicrosecond, int toMicrosecond) {
        for (int i = fromMicrosecond; i < toMicrosecond; i++) {
            use(1000 + i, i * Picoseconds.PER_MICROSECOND, 1000);
        }
    }

    @Test
    void shouldNotForgetWhatWasInUseWithinAMillisecond() {
        use(5, 0, 2000 * Picoseconds.PER_MICROSECOND);
        useOthers(0, 2100);

        assertThat(regions.remembered()).isLessThan(2101);
        assertThat(use(5, 1950 * Picoseconds.PER_MICROSECOND, 1)).isEqualTo(2000 * Picoseconds.PER_MICROSECOND);
    }

    @Test
    void shouldRememberTheLatestUseOfARegion() {
        use(5, 0, 2000 * Picoseconds.PER_MICROSECOND);
        useOthers(0, 1500);
        use(5, 1500 * Picoseconds.PER_MICROSECOND, 300 * Picoseconds.PER_MICROSECOND);
        useOthers(1500, 2100);

        assertThat(use(5, 1950 * Picoseconds.PER_MICROSECOND, 1)).isEqualTo(2300 * Picoseconds.PER_MICROSECOND);
    }

    static LongStream seeds() {
        return Seeds.some();
    }

    /** Also when reservations go back in time by up to a millisecond, and some regions are held for long. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void shouldAgreeWithAMapThatForgetsNothing(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<Long, Long> free = new HashMap<>();
        List<long[]> uses = new ArrayList<>();
        long now = Picoseconds.PER_SECOND;
        long first = 0;
        for (int i = 0; i < 100_000; i++) {
            now += random.nextLong(2 * Picoseconds.PER_MICROSECOND);
            first += random.nextInt(4) == 0 ? 1 : 0;
            long region = random.nextInt(100) == 0 ? random.nextLong(first + 1) : first + random.nextInt(8);
            long at = now - random.nextLong(Picoseconds.PER_MILLISECOND);
            long duration = random.nextInt(1000) == 0
                    ? 20 * Picoseconds.PER_MILLISECOND
                    : random.nextLong(Picoseconds.PER_MICROSECOND);
            long expected = Math.max(at, free.getOrDefault(region, 0L));
            free.put(region, expected + duration);

            assertThat(use(region, at, duration)).isEqualTo(expected);
            uses.add(new long[] {expected, expected + duration});
        }
        assertThat(regions.remembered()).isLessThan(free.size());
        assertThat(regions.statistics(now).busy())
                .isEqualTo(uses.stream().mapToLong(u -> u[1] - u[0]).sum());
    }
}
