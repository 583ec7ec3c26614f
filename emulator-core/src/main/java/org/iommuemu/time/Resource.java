// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.util.ArrayList;
import java.util.List;

/**
 * Something of which there is only so much. Who needs it says when, and is told at once when it gets it; nothing is scheduled.
 * Every use names a {@link Waiter}, so that a report can say what waited for what.
 *
 * <p>All times are in ps, 0 to 2^62. Reservations may come in any order of time; what that means is said by each class. A use
 * occupies from its start up to, but not including, its end. Nothing allocates per reservation. A reservation that contradicts
 * itself (an end before its start) is a bug of the caller's and throws.
 */
public abstract sealed class Resource permits Slots, Pipeline, Bandwidth, InOrderWindow, SerialRegions, Credits {
    private final String name;
    private final List<Waiter> waiters = new ArrayList<>();

    Resource(String name) {
        this.name = name;
    }

    /** What reports call it. */
    public final String name() {
        return name;
    }

    /** The user of this resource with that name; the same one whenever it is asked for. */
    public final Waiter waiter(String who) {
        for (Waiter waiter : waiters) {
            if (waiter.name().equals(who)) {
                return waiter;
            }
        }
        Waiter waiter = new Waiter(who, name);
        waiters.add(waiter);
        return waiter;
    }

    /**
     * What was counted since the beginning or the last reset.
     *
     * @param time how long that is, in ps
     */
    public final ResourceStatistics statistics(long time) {
        long busy = busy();
        double average = time > 0 ? (double) busy / time : 0;
        List<Waits> waits = waiters.stream().map(Waiter::waits).toList();
        return new ResourceStatistics(name, capacity(), uses(), busy, average, peak(), waits);
    }

    /** Starts counting anew, at the end of a warm-up. What is booked stays booked. */
    public final void resetStatistics() {
        waiters.forEach(Waiter::reset);
        resetOccupancy();
    }

    long uses() {
        return waiters.stream().mapToLong(Waiter::uses).sum();
    }

    abstract double capacity();

    abstract long busy();

    abstract double peak();

    abstract void resetOccupancy();

    /** Returns {@code count}, which must be positive. */
    final int positive(String what, int count) {
        if (count < 1) {
            throw new IllegalArgumentException(name + ": " + count + " " + what);
        }
        return count;
    }

    /** Returns how long a use lasted. */
    final long duration(long start, long end) {
        if (end < start) {
            throw new IllegalArgumentException(name + ": used from " + start + " to " + end + " ps");
        }
        return end - start;
    }
}
