// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import org.agrona.collections.Long2LongHashMap;
import org.agrona.collections.LongLongConsumer;

/**
 * One at a time in each region, any number of regions at once: walks that share a leaf table, accesses to one bank. A region is a
 * number of the caller's choice, such as an address divided by 2 MiB.
 *
 * <p>In each region first reserved is first served, whatever the order of time. A region that has been free for a millisecond and
 * more may be forgotten, so that memory follows the regions in use and not the footprint: a reservation that goes further back in
 * time than this, behind its predecessors, may find free what was not. {@code peak} is exact in order of time and may be too low
 * otherwise.
 */
public final class SerialRegions extends Resource {
    private static final long HELD = Long.MAX_VALUE;
    private static final long MEMORY = Picoseconds.PER_MILLISECOND;
    private static final int MANY = 1024;

    private static final long UNKNOWN = -1;

    /** When each region is free; those of an earlier and of this generation. */
    private Long2LongHashMap older = new Long2LongHashMap(UNKNOWN);

    private Long2LongHashMap free = new Long2LongHashMap(UNKNOWN);
    private final LongLongConsumer carry = this::carry;
    private long generationStart;
    private long latest;

    private final SortedTimes inUse = new SortedTimes(64);
    private int held;
    private long busy;
    private int peak;

    /** Free regions. */
    public SerialRegions(String name) {
        super(name);
    }

    /**
     * Takes a region; {@link #release} must follow.
     *
     * @param at when it is needed, in ps
     * @return when it is free, in ps: {@code at} or later
     * @throws IllegalStateException when the region is held without its end being known
     */
    public long acquire(Waiter who, long region, long at) {
        long freeAt = freeAt(region);
        if (freeAt == HELD) {
            throw new IllegalStateException(name() + ": region " + region + " is taken until further notice");
        }
        long start = Math.max(at, freeAt);
        who.count(start - at);
        if (free.size() >= MANY && latest - generationStart > MEMORY) {
            forget();
        }
        latest = Math.max(latest, at);
        free.put(region, HELD);
        inUse.remove(0, inUse.countAtMost(start));
        peak = Math.max(peak, inUse.size() + ++held);
        return start;
    }

    private long freeAt(long region) {
        long time = free.get(region);
        return time != UNKNOWN ? time : older.get(region);
    }

    /** This generation becomes the earlier one, and that is dropped but for what has not long been free. */
    private void forget() {
        Long2LongHashMap dropped = older;
        older = free;
        dropped.forEachLong(carry);
        dropped.clear();
        free = dropped;
        generationStart = latest;
    }

    private void carry(long region, long freeAt) {
        if (freeAt > latest - MEMORY && older.get(region) == UNKNOWN) {
            older.put(region, freeAt);
        }
    }

    /** Regions that are not forgotten. */
    int remembered() {
        return free.size() + older.size();
    }

    /**
     * Says until when a region is held.
     *
     * @param start what {@link #acquire} returned, in ps
     * @param end when the region is free again, in ps, not before {@code start}
     */
    public void release(long region, long start, long end) {
        busy += duration(start, end);
        free.put(region, end);
        inUse.add(end);
        held--;
    }

    @Override
    double capacity() {
        return Double.POSITIVE_INFINITY;
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
