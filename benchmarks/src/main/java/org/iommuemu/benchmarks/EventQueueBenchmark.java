// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import org.agrona.DeadlineTimerWheel;
import org.iommuemu.time.CalendarQueue;
import org.iommuemu.time.EventHandler;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.EventOrder;
import org.iommuemu.time.FourAryHeap;
import org.iommuemu.time.RandomStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The hold model: with a fixed number of events pending, the first one leaves and comes back later. {@code CALENDAR} and {@code
 * HEAP} are the queues of the event loop, {@code LOOP} is the whole loop with its handlers over the former. The yardsticks:
 * {@code JDK_OBJECTS}, a {@code PriorityQueue} of reused objects with a serial number, and {@link #wheel}, a timer wheel that is
 * as exact as its tick is short (about one event in a tick) and keeps no order within one.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class EventQueueBenchmark {
    private static final int BATCH = 4096;
    private static final int INCREMENTS = 1 << 16;
    private static final long MEAN = 100_000;

    /** Who keeps the events. */
    public enum Queue {
        /** {@link CalendarQueue}. */
        CALENDAR,
        /** {@link FourAryHeap}. */
        HEAP,
        /** {@link EventLoop}. */
        LOOP,
        /** {@link PriorityQueue}. */
        JDK_OBJECTS
    }

    /** How much later an event comes back, 100 ns in the mean. */
    public enum Increment {
        /** Exponential. */
        EXPONENTIAL {
            @Override
            long next(RandomStream random) {
                return random.nextExponential(MEAN);
            }
        },
        /** Nine in ten around 2 ns, one in ten around 1 us. */
        BIMODAL {
            @Override
            long next(RandomStream random) {
                return random.nextBelow(10) == 0 ? 982_000 - 20_000 + random.nextBelow(40_000) : random.nextBelow(4000);
            }
        },
        /** All the same. */
        EQUAL {
            @Override
            long next(RandomStream random) {
                return MEAN;
            }
        };

        abstract long next(RandomStream random);
    }

    /** The hold model on one queue. */
    public interface Hold {
        /** Has an event at a time. */
        void add(int event, long time);

        /** Lets events leave and come back; returns the time of the last. */
        long hold(int count);

        /** Number of events that are there. */
        int size();
    }

    /** A queue with its events. */
    @State(Scope.Thread)
    public abstract static class Pending {
        /** Events in the queue. */
        @Param({"16", "1024", "65536"})
        public int pending;

        private Hold hold;
        private long last;

        /** Increments of time. */
        abstract Increment increments();

        /** An empty queue. */
        abstract Hold queue(long[] increments);

        /** Fills the queue and holds for a while, until its events lie as they will. */
        @Setup(Level.Trial)
        public void setUp() {
            RandomStream random = new RandomStream(1);
            long[] increments = new long[INCREMENTS];
            Arrays.setAll(increments, i -> increments().next(random));
            hold = queue(increments);
            for (int event = 0; event < pending; event++) {
                hold.add(event, increments[event]);
            }
            last = hold.hold(20 * pending);
        }

        /** All events are still there. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("events", pending, hold.size());
        }

        long batch() {
            long time = hold.hold(BATCH);
            if (time < last) {
                throw new IllegalStateException("time went back from " + last + " to " + time);
            }
            last = time;
            return time;
        }
    }

    /** One of the exact queues. */
    @State(Scope.Thread)
    public static class Exact extends Pending {
        /** Increments of time. */
        @Param
        public Increment increment;

        /** The queue. */
        @Param
        public Queue queue;

        @Override
        Increment increments() {
            return increment;
        }

        @Override
        Hold queue(long[] increments) {
            return switch (queue) {
                case CALENDAR -> new HoldInOrder(new CalendarQueue(), increments);
                case HEAP -> new HoldInOrder(new FourAryHeap(), increments);
                case LOOP -> new HoldInLoop(increments);
                case JDK_OBJECTS -> new HoldObjects(increments);
            };
        }
    }

    /** The timer wheel. Not with equal increments: its memory is the number of ticks times the most events in one of them. */
    @State(Scope.Thread)
    public static class Wheel extends Pending {
        /** Increments of time. */
        @Param({"EXPONENTIAL", "BIMODAL"})
        public Increment increment;

        @Override
        Increment increments() {
            return increment;
        }

        @Override
        Hold queue(long[] increments) {
            return new HoldInWheel(pending, increments);
        }
    }

    /** One event leaves and comes back. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long hold(Exact state) {
        return state.batch();
    }

    /** The same, not quite in order. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long wheel(Wheel state) {
        return state.batch();
    }

    private static final class HoldInOrder implements Hold {
        private final EventOrder order;
        private final long[] increments;
        private int next;

        HoldInOrder(EventOrder order, long[] increments) {
            this.order = order;
            this.increments = increments;
        }

        @Override
        public void add(int event, long time) {
            order.push(event, time);
        }

        @Override
        public long hold(int count) {
            long time = 0;
            for (int i = 0; i < count; i++) {
                time = order.firstTime();
                order.push(order.pop(), time + increments[next++ & INCREMENTS - 1]);
            }
            return time;
        }

        @Override
        public int size() {
            return order.size();
        }
    }

    private static final class HoldInLoop implements Hold {
        private final EventLoop loop = new EventLoop();
        private final EventHandler again = this::again;
        private final long[] increments;
        private int next;

        HoldInLoop(long[] increments) {
            this.increments = increments;
        }

        private void again(long time, long event) {
            loop.schedule(time + increments[next++ & INCREMENTS - 1], again, event);
        }

        @Override
        public void add(int event, long time) {
            loop.schedule(time, again, event);
        }

        @Override
        public long hold(int count) {
            for (int i = 0; i < count; i++) {
                loop.step();
            }
            return loop.now();
        }

        @Override
        public int size() {
            return loop.pending();
        }
    }

    private static final class HoldObjects implements Hold {
        private static final class Event implements Comparable<Event> {
            private long time;
            private long serial;

            @Override
            public int compareTo(Event other) {
                int byTime = Long.compare(time, other.time);
                return byTime != 0 ? byTime : Long.compare(serial, other.serial);
            }
        }

        private final PriorityQueue<Event> queue = new PriorityQueue<>();
        private final long[] increments;
        private int next;
        private long serial;

        HoldObjects(long[] increments) {
            this.increments = increments;
        }

        @Override
        public void add(int event, long time) {
            Event added = new Event();
            added.time = time;
            added.serial = serial++;
            queue.add(added);
        }

        @Override
        public long hold(int count) {
            long time = 0;
            for (int i = 0; i < count; i++) {
                Event first = queue.remove();
                time = first.time;
                first.time = time + increments[next++ & INCREMENTS - 1];
                first.serial = serial++;
                queue.add(first);
            }
            return time;
        }

        @Override
        public int size() {
            return queue.size();
        }
    }

    /** Ticks are passed over one by one, so their length is chosen for about an event in each. */
    private static final class HoldInWheel implements Hold, DeadlineTimerWheel.TimerHandler {
        private final DeadlineTimerWheel wheel;
        private final long[] increments;
        private int next;

        HoldInWheel(int pending, long[] increments) {
            int tick = Math.max(1, Integer.highestOneBit((int) (MEAN / pending)));
            wheel = new DeadlineTimerWheel(TimeUnit.NANOSECONDS, 0, tick, Math.max(1024, 2 * pending));
            this.increments = increments;
        }

        @Override
        public void add(int event, long time) {
            wheel.scheduleTimer(time);
        }

        @Override
        public boolean onTimerExpiry(TimeUnit unit, long time, long timer) {
            wheel.scheduleTimer(time + increments[next++ & INCREMENTS - 1]);
            return true;
        }

        @Override
        public long hold(int count) {
            int left = count;
            while (left > 0) {
                left -= wheel.poll(wheel.currentTickTime(), this, left);
            }
            return wheel.currentTickTime();
        }

        @Override
        public int size() {
            return (int) wheel.timerCount();
        }
    }
}
