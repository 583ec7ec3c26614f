// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A million events or reservations allocate nothing. */
class TimeAllocationTest {
    private static final int OPERATIONS = 1_000_000;
    private static final long FEW_BYTES = 64 * 1024;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static long allocatedBy(Runnable work) {
        work.run();
        long before = THREADS.getCurrentThreadAllocatedBytes();
        work.run();
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    static Stream<Arguments> queues() {
        Supplier<EventOrder> calendar = CalendarQueue::new;
        Supplier<EventOrder> heap = FourAryHeap::new;
        return Stream.of(Arguments.of("calendar", calendar), Arguments.of("heap", heap));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("queues")
    void shouldAllocateNothingPerEvent(String name, Supplier<EventOrder> queue) {
        EventLoop loop = new EventLoop(queue.get());
        RandomStream random = new RandomStream(1);
        EventHandler[] again = new EventHandler[1];
        again[0] = (time, data) -> {
            long handle = loop.schedule(time + 1_000_000, again[0], data);
            loop.schedule(time + random.nextBelow(1L << 10 + data), again[0], data);
            loop.cancel(handle);
        };
        for (int i = 0; i < 1000; i++) {
            loop.schedule(i, again[0], i % 20);
        }

        assertThat(allocatedBy(() -> {
                    for (int i = 0; i < OPERATIONS; i++) {
                        loop.step();
                    }
                }))
                .isLessThan(FEW_BYTES);
        assertThat(loop.executed()).isEqualTo(2 * OPERATIONS);
    }

    static Stream<Arguments> resources() {
        return Stream.of(
                Arguments.of("slots", new Slots("slots", 64)),
                Arguments.of("pipeline", new Pipeline("pipeline", 2, 500, 2000)),
                Arguments.of("bandwidth", new Bandwidth("bandwidth", new ByteRate(64, 8125))),
                Arguments.of("window", new InOrderWindow("window", 8)),
                Arguments.of("regions", new SerialRegions("regions")));
    }

    /** Times go up, but not always; the offered load comes and goes. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("resources")
    void shouldAllocateNothingPerReservation(String name, Resource resource) {
        Waiter who = resource.waiter("who");
        RandomStream random = new RandomStream(1);
        long[] now = new long[1];

        assertThat(allocatedBy(() -> {
                    for (int i = 0; i < OPERATIONS; i++) {
                        now[0] += random.nextBelow(i / 1000 % 2 == 0 ? 1000 : 20_000);
                        use(resource, who, now[0] + random.nextBelow(50_000), random.nextBelow(10_000));
                    }
                }))
                .isLessThan(FEW_BYTES);
        assertThat(who.waits().uses()).isEqualTo(2 * OPERATIONS);
        assertThat(who.waits().waits()).isPositive();
    }

    private static void use(Resource resource, Waiter who, long at, long amount) {
        if (resource instanceof Slots slots) {
            slots.reserve(who, at, 64 * amount);
        } else if (resource instanceof Pipeline pipeline) {
            pipeline.pass(who, at);
        } else if (resource instanceof Bandwidth bandwidth) {
            bandwidth.transfer(who, at, amount >>> 6);
        } else if (resource instanceof InOrderWindow window) {
            window.leave(window.enter(who, at) + amount);
        } else if (resource instanceof SerialRegions regions) {
            long start = regions.acquire(who, at >>> 17, at);
            regions.release(at >>> 17, start, start + amount);
        }
    }
}
