// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.iommuemu.bits.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SlotsTest {
    private final Slots walkers = new Slots("walkers", 2);
    private final Waiter reads = walkers.waiter("reads");

    @Test
    void shouldStartAtOnceWhileASlotIsFreeAndElseWhenTheFirstOneIs() {
        assertThat(walkers.reserve(reads, 0, 100)).isZero();
        assertThat(walkers.reserve(reads, 10, 50)).isEqualTo(10);
        assertThat(walkers.reserve(reads, 20, 30)).isEqualTo(60);
        assertThat(walkers.reserve(reads, 95, 10)).isEqualTo(95);

        assertThat(walkers.statistics(200))
                .isEqualTo(new ResourceStatistics(
                        "walkers",
                        2,
                        4,
                        100 + 50 + 30 + 10,
                        0.95,
                        2,
                        List.of(new Waits("reads", "walkers", 4, 1, 40, 40))));
    }

    @Test
    void shouldStartAtTheVeryTimeASlotIsReleased() {
        walkers.reserve(reads, 0, 100);
        walkers.reserve(reads, 0, 100);

        assertThat(walkers.reserve(reads, 100, 1)).isEqualTo(100);
        assertThat(reads.waits().waits()).isZero();
    }

    /** A walk of 50 ps after which the walker is busy for another 20. */
    @Test
    void shouldHoldASlotForLongerThanItsUserWaits() {
        Slots one = new Slots("walker", 1);
        Waiter who = one.waiter("reads");
        long start = one.acquire(who, 10);
        long end = start + 50;
        one.release(start, end + 20);

        assertThat(one.acquire(who, end)).isEqualTo(80);
    }

    /** Best fit: the earlier reservation that comes later finds the slot that has been free all the time. */
    @Test
    void shouldTakeTheSlotThatBecameFreeLast() {
        walkers.reserve(reads, 0, 100);
        assertThat(walkers.reserve(reads, 200, 50)).isEqualTo(200);

        assertThat(walkers.reserve(reads, 10, 300)).isEqualTo(10);
    }

    @Test
    void shouldHoldSeveralSlotsWhoseEndIsNotYetKnown() {
        long first = walkers.acquire(reads, 5);
        long second = walkers.acquire(reads, 6);
        walkers.release(second, 30);

        assertThat(walkers.acquire(reads, 7)).isEqualTo(30);
        walkers.release(30, 40);
        walkers.release(first, 20);
        assertThat(walkers.acquire(reads, 8)).isEqualTo(20);
    }

    @Test
    void shouldNotWaitForWhatNobodyKnows() {
        walkers.acquire(reads, 0);
        walkers.acquire(reads, 0);

        assertThatIllegalStateException().isThrownBy(() -> walkers.acquire(reads, 1000));
    }

    @Test
    void shouldTellApartWhoWaited() {
        Waiter writes = walkers.waiter("writes");
        walkers.reserve(reads, 0, 100);
        walkers.reserve(writes, 0, 200);
        walkers.reserve(writes, 30, 500);
        walkers.reserve(reads, 50, 1);
        walkers.reserve(reads, 60, 1);

        assertThat(reads.waits()).isEqualTo(new Waits("reads", "walkers", 3, 2, 150 + 141, 150));
        assertThat(writes.waits()).isEqualTo(new Waits("writes", "walkers", 2, 1, 70, 70));
        assertThat(walkers.statistics(1000).totalWait()).isEqualTo(150 + 141 + 70);
        assertThat(walkers.waiter("writes")).isSameAs(writes);
    }

    @Test
    void shouldCountAnewAfterAWarmUpAndKeepWhatIsBooked() {
        walkers.reserve(reads, 0, 100);
        walkers.reserve(reads, 0, 300);
        walkers.resetStatistics();

        assertThat(walkers.statistics(10).uses()).isZero();
        assertThat(walkers.reserve(reads, 150, 50)).isEqualTo(150);
        assertThat(walkers.reserve(reads, 160, 50)).isEqualTo(200);
        assertThat(walkers.statistics(100))
                .isEqualTo(new ResourceStatistics(
                        "walkers", 2, 2, 100, 1, 2, List.of(new Waits("reads", "walkers", 2, 1, 40, 40))));
    }

    @Test
    void shouldRefuseNoSlotsAndEndsBeforeStarts() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Slots("tags", 0))
                .withMessage("tags: 0 slots");
        long start = walkers.acquire(reads, 50);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> walkers.release(start, 49))
                .withMessage("walkers: used from 50 to 49 ps");
    }

    static Stream<Arguments> programs() {
        return Stream.of(1, 2, 5, 64)
                .flatMap(count -> Stream.of(0, 3000)
                        .flatMap(skew -> Seeds.some().mapToObj(seed -> Arguments.of(count, skew, seed))));
    }

    private record Interval(long start, long end) {
        boolean covers(long time) {
            return start <= time && time < end;
        }
    }

    @ParameterizedTest(name = "{0} slots skew={1} seed={2}")
    @MethodSource("programs")
    void shouldAgreeWithAListOfSlots(int count, int skew, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Slots slots = new Slots("slots", count);
        Waiter who = slots.waiter("who");
        long[] free = new long[count];
        List<Interval> booked = new ArrayList<>();
        long now = 0;
        long waited = 0;
        for (int i = 0; i < 1000; i++) {
            now += random.nextInt(2 * 500 / count + 2);
            long at = now + random.nextInt(skew + 1);
            long duration = random.nextInt(1000);
            int slot = bestFit(free, at);
            long expected = Math.max(at, free[slot]);
            free[slot] = expected + duration;

            assertThat(slots.reserve(who, at, duration)).isEqualTo(expected);
            booked.add(new Interval(expected, expected + duration));
            waited += expected - at;
        }
        long busy = booked.stream().mapToLong(b -> b.end - b.start).sum();
        long peak = booked.stream()
                .mapToLong(b -> booked.stream().filter(o -> o.covers(b.start)).count())
                .max()
                .orElseThrow();
        ResourceStatistics statistics = slots.statistics(now);
        assertThat(peak).isLessThanOrEqualTo(count);
        assertThat(statistics.busy()).isEqualTo(busy);
        assertThat(statistics.totalWait()).isEqualTo(waited);
        if (skew == 0) {
            assertThat(statistics.peak()).isEqualTo(peak);
        } else {
            assertThat(statistics.peak()).isBetween((double) peak, (double) count);
        }
    }

    private static int bestFit(long[] free, long at) {
        int best = 0;
        for (int slot = 1; slot < free.length; slot++) {
            boolean better = free[best] > at ? free[slot] < free[best] : free[slot] <= at && free[slot] > free[best];
            best = better ? slot : best;
        }
        return best;
    }
}
