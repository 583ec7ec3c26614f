// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.iommuemu.bits.Seeds;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every queue must do, held step by step against the JDK's priority queue. */
class EventOrderTest {
    private static final int STEPS = 12_000;

    private static final Map<String, Supplier<EventOrder>> QUEUES =
            Map.of("calendar", CalendarQueue::new, "heap", FourAryHeap::new);

    static Stream<Arguments> queues() {
        return QUEUES.keySet().stream().sorted().map(Arguments::of);
    }

    static Stream<Arguments> programs() {
        return QUEUES.keySet().stream()
                .sorted()
                .flatMap(queue -> Stream.of(Increments.values())
                        .flatMap(increments -> Seeds.few().mapToObj(seed -> Arguments.of(queue, increments, seed))));
    }

    @ParameterizedTest(name = "{0} {1} seed={2}")
    @MethodSource("programs")
    void shouldAgreeWithAPriorityQueueAtEveryStep(String queue, Increments increments, long seed) {
        new Program(QUEUES.get(queue).get(), increments, seed).run(0, 600);
    }

    @ParameterizedTest(name = "{0} {1} seed={2}")
    @MethodSource("programs")
    void shouldAgreeNearTheEndOfTime(String queue, Increments increments, long seed) {
        new Program(QUEUES.get(queue).get(), increments, seed).run(Long.MAX_VALUE - 3_000_000, 600);
    }

    @ParameterizedTest(name = "{0} {1} seed={2}")
    @MethodSource("programs")
    void shouldAgreeWithFewEventsAtATime(String queue, Increments increments, long seed) {
        new Program(QUEUES.get(queue).get(), increments, seed).run(0, 3);
    }

    @ParameterizedTest(name = "{0} {1} seed={2}")
    @MethodSource("programs")
    void shouldAgreeWithManyEventsAtATime(String queue, Increments increments, long seed) {
        EventOrder order = QUEUES.get(queue).get();
        NaiveEventOrder naive = new NaiveEventOrder();
        SplittableRandom random = new SplittableRandom(seed);
        int many = 20_000;
        for (int event = 0; event < many; event++) {
            long time = increments.next(random, event);
            order.push(event, time);
            naive.push(event, time);
        }
        for (int step = 0; step < 2 * many; step++) {
            long now = naive.firstTime();
            assertThat(order.firstTime()).isEqualTo(now);
            int event = naive.pop();
            assertThat(order.pop()).isEqualTo(event);
            long time = now + Math.min(increments.next(random, step), Long.MAX_VALUE - now);
            order.push(event, time);
            naive.push(event, time);
        }
        drain(order, naive);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("queues")
    void shouldLetEventsOfOneTimeLeaveInTheOrderTheyCame(String queue) {
        EventOrder order = QUEUES.get(queue).get();
        int[] came = {7, 3, 9, 1, 5, 0, 8, 2, 6, 4};
        for (int event : came) {
            order.push(event, 100);
        }

        for (int event : came) {
            assertThat(order.pop()).isEqualTo(event);
        }
    }

    /** The first comes while its time is far off, the second when it is near: they are kept in different places. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("queues")
    void shouldKeepTheOrderOfOneTimeBetweenAFarAndANearEvent(String queue) {
        EventOrder order = QUEUES.get(queue).get();
        long time = 1_000_000_000_000L;
        order.push(4, time);
        order.push(1, time - 1);
        order.pop();
        order.push(2, time);
        order.push(3, time - 1);

        assertThat(List.of(order.pop(), order.pop(), order.pop())).containsExactly(3, 4, 2);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("queues")
    void shouldTakeEventsOfThePast(String queue) {
        EventOrder order = QUEUES.get(queue).get();
        order.push(0, 5_000_000);
        order.push(1, 9_000_000);
        order.pop();
        order.push(2, 5_001_000);
        order.push(3, 9_000);
        order.push(4, 17);

        assertThat(order.firstTime()).isEqualTo(17);
        assertThat(List.of(order.pop(), order.pop(), order.pop(), order.pop())).containsExactly(4, 3, 2, 1);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("queues")
    void shouldHaveNothingToPopWhenEmpty(String queue) {
        EventOrder order = QUEUES.get(queue).get();

        assertThat(order.pop()).isEqualTo(EventOrder.NONE);
        order.push(0, Long.MAX_VALUE);
        assertThat(order.pop()).isZero();
        assertThat(order.pop()).isEqualTo(EventOrder.NONE);
        assertThat(order.size()).isZero();
    }

    private static void drain(EventOrder order, NaiveEventOrder naive) {
        while (naive.size() > 0) {
            assertThat(order.firstTime()).isEqualTo(naive.firstTime());
            assertThat(order.pop()).isEqualTo(naive.pop());
        }
        assertThat(order.size()).isZero();
    }

    /** The two queues and the random choices; event numbers are used again as soon as they are free. */
    private static final class Program {
        private final EventOrder order;
        private final NaiveEventOrder naive = new NaiveEventOrder();
        private final Increments increments;
        private final SplittableRandom random;
        private final List<Integer> queued = new ArrayList<>();
        private final List<Integer> free = new ArrayList<>();
        private long now;

        Program(EventOrder order, Increments increments, long seed) {
            this.order = order;
            this.increments = increments;
            random = new SplittableRandom(seed);
        }

        /** Fills and empties the queue by turns, to around {@code target} events. */
        void run(long start, int target) {
            now = start;
            for (int step = 0; step < STEPS; step++) {
                boolean filling = step / (3 * target) % 2 == 0;
                int choice = random.nextInt(100);
                if (choice < (filling ? 55 : 35) && queued.size() < 2 * target) {
                    push(step);
                } else if (choice < 90) {
                    pop();
                } else {
                    cancel();
                }
                assertThat(order.size()).isEqualTo(naive.size());
            }
            drain(order, naive);
        }

        private void push(int step) {
            int event = free.isEmpty() ? queued.size() : free.remove(random.nextInt(free.size()));
            long time = now + Math.min(increments.next(random, step), Long.MAX_VALUE - now);
            order.push(event, time);
            naive.push(event, time);
            queued.add(event);
        }

        private void pop() {
            if (naive.size() > 0) {
                now = naive.firstTime();
                assertThat(order.firstTime()).isEqualTo(now);
            }
            int event = naive.pop();
            assertThat(order.pop()).isEqualTo(event);
            if (event >= 0) {
                queued.remove((Integer) event);
                free.add(event);
            }
        }

        private void cancel() {
            if (!queued.isEmpty()) {
                Integer event = queued.remove(random.nextInt(queued.size()));
                order.remove(event);
                naive.remove(event);
                free.add(event);
            }
        }
    }
}
