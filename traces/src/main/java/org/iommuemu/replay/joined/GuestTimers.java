// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.host.Patience;
import org.jspecify.annotations.Nullable;

/**
 * The timers of a driver whose calls are replayed. When one is due the driver decides, by the time of the calls and the ticks of the recorded
 * kernel; when its interrupt comes after that, the record.
 */
final class GuestTimers implements Patience {
    private static final long MICROSECOND = 1_000_000;

    /** A timer that was armed. */
    static final class Timer {
        private final long due;
        private final int domain;
        private final Runnable work;
        private boolean late;

        private Timer(long due, int domain, Runnable work) {
            this.due = due;
            this.domain = domain;
            this.work = work;
        }

        /** When it is to run, in µs. */
        long due() {
            return due;
        }

        /** Whether something was unmapped in its domain after it was due. */
        boolean isLate() {
            return late;
        }

        void run() {
            work.run();
        }
    }

    private final GuestClock clock = new GuestClock();
    private final int[] phases;
    private final int jiffy;
    private final Deque<Timer> armed = new ArrayDeque<>();
    private int domain = JoinedRow.NONE;
    private int stops;
    private long correction;

    /**
     * No timers.
     *
     * @param phases when in a jiffy ticks come, by how often the machine was stopped; in µs, as {@code jiffy}
     */
    GuestTimers(int[] phases, int jiffy) {
        this.phases = phases.clone();
        this.jiffy = jiffy;
        correction = phases.length == 0 ? 0 : jiffy - phases[0];
    }

    /** A row comes; what is armed from now on is for its domain. */
    void see(JoinedRow row) {
        clock.see(row);
        domain = row.domain();
        while (stops < clock.stops() && stops + 1 < phases.length) {
            stops++;
            // It went on for a while before it stood still, or after: ticks are where they are, so less than a jiffy is
            // unknown.
            correction += Math.floorMod(phases[stops - 1] - phases[stops], jiffy);
        }
        if (row.kind() == JoinedRow.Kind.UNMAP) {
            armed.stream().filter(t -> t.domain == domain && t.due < micros()).forEach(t -> t.late = true);
        }
    }

    /** The guest's time: ticks come at multiples of a jiffy. In µs. */
    long micros() {
        return clock.now() + correction;
    }

    @Override
    public long now() {
        return micros() * MICROSECOND;
    }

    /** A command takes no time. */
    @Override
    public boolean await(BooleanSupplier done, long picoseconds) {
        return done.getAsBoolean();
    }

    @Override
    public void later(long picoseconds, Runnable work) {
        armed.add(new Timer(micros() + picoseconds / MICROSECOND, domain, work));
    }

    /** The timer of a domain, which is no longer armed; null if there is none. */
    @Nullable
    Timer take(int of) {
        for (Iterator<Timer> it = armed.iterator(); it.hasNext(); ) {
            Timer timer = it.next();
            if (timer.domain == of) {
                it.remove();
                return timer;
            }
        }
        return null;
    }

    /** Those that have been due for so long that no interrupt is that late; they are no longer armed. */
    List<Timer> overdue() {
        List<Timer> found = new ArrayList<>();
        for (Iterator<Timer> it = armed.iterator(); it.hasNext(); ) {
            Timer timer = it.next();
            if (micros() - timer.due > GuestClock.STOP) {
                it.remove();
                found.add(timer);
            }
        }
        return found;
    }

    /** How often the recorded machine was stopped. */
    int stops() {
        return clock.stops();
    }
}
