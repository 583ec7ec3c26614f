// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/**
 * A window that is entered and left in the same order, with a limited number inside: a reorder buffer, an ordered queue of
 * requests in service. Entries are ready in any order; one that is ready before its predecessors stays until they have left, and
 * while the window is full nobody enters. Several may leave at one time.
 *
 * <pre>
 *   long start = window.enter(reads, now);        // predecessors have entered, fewer than the capacity are inside
 *   long ready = ...;                             // service, begun at start
 *   long out = window.leave(ready);               // predecessors have left
 * </pre>
 *
 * <p>The order of entering is that of the calls, whatever their times. Exact.
 */
public final class InOrderWindow extends Resource {
    /** Name of the waiter that stands for entries that are ready but not the first. */
    public static final String HEAD_OF_LINE = "head of line";

    private final int capacity;
    /** When the latest came in and went out, by the low bits of their number. */
    private final long[] entries;

    private final long[] exits;
    private final int mask;
    private final Waiter headOfLine;
    private long entered;
    private long left;
    private long lastEntry;
    private long lastExit;
    /** Number of the first entry that had not left when the latest one entered. */
    private long oldest;

    private long busy;
    private long peak;

    /**
     * An empty window.
     *
     * @param name what reports call it
     * @param capacity the most that can be inside, 1 to 2^30
     */
    public InOrderWindow(String name, int capacity) {
        super(name);
        this.capacity = positive("entries", capacity);
        entries = new long[Integer.highestOneBit(2 * capacity - 1)];
        exits = new long[entries.length];
        mask = entries.length - 1;
        headOfLine = waiter(HEAD_OF_LINE);
    }

    /**
     * Enters behind all those that entered before.
     *
     * @param at when it would, in ps
     * @return when it does, in ps
     * @throws IllegalStateException when as many as the window holds have entered without having been told when they leave
     */
    public long enter(Waiter who, long at) {
        if (entered - left == capacity) {
            throw new IllegalStateException(name() + ": nobody knows when one of " + capacity + " leaves");
        }
        long start = Math.max(Math.max(at, lastEntry), exits[(int) (entered - capacity) & mask]);
        who.count(start - at);
        entries[(int) entered & mask] = start;
        lastEntry = start;
        entered++;
        while (oldest < left && exits[(int) oldest & mask] <= start) {
            oldest++;
        }
        peak = Math.max(peak, entered - oldest);
        return start;
    }

    /**
     * The next entry, in order of entering, leaves.
     *
     * @param ready when it would, in ps
     * @return when it does, in ps: its predecessors have left
     * @throws IllegalStateException when all that entered have left
     */
    public long leave(long ready) {
        if (left == entered) {
            throw new IllegalStateException(name() + ": nobody is inside");
        }
        int index = (int) left & mask;
        long end = Math.max(ready, lastExit);
        busy += duration(entries[index], end);
        headOfLine.count(end - ready);
        exits[index] = end;
        lastExit = end;
        left++;
        return end;
    }

    @Override
    long uses() {
        return super.uses() - headOfLine.uses();
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
