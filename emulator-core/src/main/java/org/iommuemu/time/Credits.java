// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/**
 * Room in a buffer that is emptied in the order in which it was filled: flow-control credits, places of a first-in-first-out queue.
 * A use takes as many units as it needs, at once, and they come back together.
 *
 * <pre>
 *   long start = credits.acquire(writes, 16, now);   // 16 units are free
 *   long drained = ...;                              // when the receiver has taken it out of the buffer
 *   credits.release(start, drained + update);        // of the oldest use that is not yet released
 * </pre>
 *
 * <p>Uses come and go in the order of the calls, whatever their times; a use whose units would be back before those of its
 * predecessors gives them back with theirs. Exact.
 */
public final class Credits extends Resource {
    private final int capacity;
    /** All units up to and including those of a use, and when they are back, by the low bits of its number. */
    private final long[] sums;

    private final long[] returns;
    private final int mask;
    private long acquired;
    private long released;
    private long taken;
    private long lastReturn;
    /** Number of the latest use whose units somebody had to wait for, and all units up to it; -1 and 0 for none. */
    private long needed = -1;

    private long neededSum;
    /** Number of the first use whose units were not back at the latest start, and all units before it. */
    private long oldest;

    private long oldestSum;
    private long busy;
    private long peak;

    /**
     * A full supply.
     *
     * @param name what reports call it
     * @param capacity units that there are, 1 to 2^28
     */
    public Credits(String name, int capacity) {
        super(name);
        this.capacity = positive("credits", capacity);
        sums = new long[Integer.highestOneBit(2 * capacity + 1)];
        returns = new long[sums.length];
        mask = sums.length - 1;
    }

    /**
     * Takes units; {@link #release} must follow before they are needed again.
     *
     * @param units how many, 1 to the capacity
     * @param at when they are needed, in ps
     * @return when they are there, in ps: {@code at} or later
     * @throws IllegalArgumentException when there are never so many
     * @throws IllegalStateException when it takes units that are held without their return being known
     */
    public long acquire(Waiter who, int units, long at) {
        if (units < 1 || units > capacity) {
            throw new IllegalArgumentException(name() + ": " + units + " of " + capacity + " credits");
        }
        long missing = taken + units - capacity;
        while (neededSum < missing) {
            if (needed + 1 == released) {
                throw new IllegalStateException(name() + ": nobody knows when credits come back");
            }
            needed++;
            neededSum = sums[(int) needed & mask];
        }
        long start = needed < 0 ? at : Math.max(at, returns[(int) needed & mask]);
        who.count(start - at);
        while (oldest < released && returns[(int) oldest & mask] <= start) {
            oldestSum = sums[(int) oldest & mask];
            oldest++;
        }
        taken += units;
        sums[(int) acquired & mask] = taken;
        acquired++;
        peak = Math.max(peak, taken - oldestSum);
        return start;
    }

    /**
     * Says when the units of the oldest use that is not yet released are back.
     *
     * @param start what {@link #acquire} returned, in ps
     * @param end when they can be used again, in ps, not before {@code start}
     */
    public void release(long start, long end) {
        if (released == acquired) {
            throw new IllegalStateException(name() + ": all credits are back");
        }
        int index = (int) released & mask;
        lastReturn = Math.max(lastReturn, end);
        long before = released == 0 ? 0 : sums[index - 1 & mask];
        busy += duration(start, lastReturn) * (sums[index] - before);
        returns[index] = lastReturn;
        released++;
    }

    @Override
    double capacity() {
        return capacity;
    }

    @Override
    long busy() {
        return busy;
    }

    @Override
    double peak() {
        return peak;
    }

    @Override
    void resetOccupancy() {
        busy = 0;
        peak = 0;
    }
}
