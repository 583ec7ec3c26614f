// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.PriorityQueue;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.iommuemu.host.Patience;

/** The timers of a driver, by the times of a trace: each runs before the first record that is not before it. */
final class TraceClock implements Patience {
    private record Timer(long due, long number, Runnable work) implements Comparable<Timer> {
        @Override
        public int compareTo(Timer other) {
            int byTime = Long.compare(due, other.due);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private long now;
    private long due = Long.MAX_VALUE;
    private long armed;

    /**
     * A record comes.
     *
     * @param time its time, in ps
     * @param listener is told of the time of each timer, before that runs
     */
    void advance(long time, LongConsumer listener) {
        while (due <= time) {
            Timer timer = timers.remove();
            now = timer.due;
            look();
            listener.accept(now);
            timer.work.run();
        }
        now = time;
    }

    private void look() {
        Timer first = timers.peek();
        due = first == null ? Long.MAX_VALUE : first.due;
    }

    /** A command takes no time. */
    @Override
    public boolean await(BooleanSupplier done, long picoseconds) {
        return done.getAsBoolean();
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public void later(long picoseconds, Runnable work) {
        if (picoseconds == 0) {
            work.run();
        } else {
            timers.add(new Timer(now + picoseconds, armed++, work));
            look();
        }
    }
}
