// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where events are kept, which costs or saves time but makes no difference to their order. */
class CalendarQueueTest {
    private static final int EVENTS = 1000;

    /** The hold model: the first event leaves and comes back later. Returns how many of the pushes were not to the ring. */
    private static int toTheHeap(CalendarQueue queue, Increments increments, int steps, long gap) {
        SplittableRandom random = new SplittableRandom(1);
        int heaped = 0;
        for (int step = 0; step < steps; step++) {
            long now = queue.firstTime();
            int event = queue.pop();
            int before = queue.inHeap();
            queue.push(event, now + increments.next(random, step) * gap);
            heaped += queue.inHeap() - before > 0 ? 1 : 0;
        }
        return heaped;
    }

    private static CalendarQueue filled(Increments increments, long gap) {
        CalendarQueue queue = new CalendarQueue();
        SplittableRandom random = new SplittableRandom(2);
        for (int event = 0; event < EVENTS; event++) {
            queue.push(event, increments.next(random, event) * gap);
        }
        return queue;
    }

    /** A day of idle time between two events is as good as a picosecond. */
    @ParameterizedTest
    @ValueSource(longs = {1, 1000, 1_000_000, 1_000_000_000})
    void shouldWorkAsMuchHoweverLongTheGapsAre(long gap) {
        CalendarQueue queue = filled(Increments.EXPONENTIAL, gap);
        toTheHeap(queue, Increments.EXPONENTIAL, 20 * EVENTS, gap);
        int layouts = queue.layouts();

        assertThat(toTheHeap(queue, Increments.EXPONENTIAL, 50 * EVENTS, gap)).isLessThan(50 * EVENTS / 10);
        assertThat(queue.layouts() - layouts).isLessThan(10);
    }

    @ParameterizedTest
    @EnumSource(names = {"ALL_EQUAL", "ZERO", "UNIFORM", "CYCLES"})
    void shouldLearnToKeepNearlyAllEventsInTheRing(Increments increments) {
        CalendarQueue queue = filled(increments, 1);
        toTheHeap(queue, increments, 20 * EVENTS, 1);

        assertThat(toTheHeap(queue, increments, 50 * EVENTS, 1)).isLessThan(50 * EVENTS / 10);
    }

    @Test
    void shouldLearnAgainWhenTheTrafficChanges() {
        CalendarQueue queue = filled(Increments.UNIFORM, 1);
        toTheHeap(queue, Increments.UNIFORM, 20 * EVENTS, 1);
        int before = toTheHeap(queue, Increments.UNIFORM, EVENTS, 1_000_000);
        toTheHeap(queue, Increments.UNIFORM, 20 * EVENTS, 1_000_000);

        assertThat(before).isGreaterThan(EVENTS / 2);
        assertThat(toTheHeap(queue, Increments.UNIFORM, EVENTS, 1_000_000)).isLessThan(EVENTS / 10);
    }

    @Test
    void shouldPutEventsThatWouldWalkTooFarOnTheHeap() {
        CalendarQueue queue = new CalendarQueue();
        for (int event = 0; event < 20; event++) {
            queue.push(event, 100 - event);
        }

        assertThat(queue.inHeap()).isEqualTo(20 - 9); // nine fit: the ninth passes eight
        for (int event = 19; event >= 0; event--) {
            assertThat(queue.pop()).isEqualTo(event);
        }
    }
}
