// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/**
 * A pool of equal slots: walkers, translation slots, tags, credits. A slot is held for as long as its user says, which may be
 * longer than what the user waits for itself.
 *
 * <pre>
 *   long start = walkers.acquire(reads, now);     // when a walker is free
 *   long end = ...;                               // what the walk, begun at start, takes
 *   walkers.release(start, end + recovery);
 * </pre>
 *
 * <p>In order of time this is first come, first served. A reservation for an earlier time than its predecessors' takes a slot that
 * is free from then on until for ever; it does not find the gap before a slot's next use. Best fit among the slots that are free
 * keeps such gaps rare. {@code peak} is exact in order of time and may be too high otherwise.
 */
public final class Slots extends Resource {
    private final Servers slots;
    private long busy;

    /**
     * A pool of free slots.
     *
     * @param name what reports call it
     * @param count number of slots, at least 1
     */
    public Slots(String name, int count) {
        super(name);
        slots = new Servers(positive("slots", count));
    }

    /**
     * Takes a slot; {@link #release} must follow. Several may be held at once.
     *
     * @param at when it is needed, in ps
     * @return when it is free, in ps: {@code at} or later
     * @throws IllegalStateException when all slots are held without their end being known
     */
    public long acquire(Waiter who, long at) {
        long start = slots.take(at);
        who.count(start - at);
        return start;
    }

    /**
     * Says until when a slot is held.
     *
     * @param start what {@link #acquire} returned, in ps
     * @param end when the slot is free again, in ps, not before {@code start}
     */
    public void release(long start, long end) {
        busy += duration(start, end);
        slots.give(end);
    }

    /**
     * Takes a slot for a time that is known beforehand.
     *
     * @return when it is free, in ps: {@code at} or later
     */
    public long reserve(Waiter who, long at, long duration) {
        long start = acquire(who, at);
        release(start, start + duration);
        return start;
    }

    @Override
    double capacity() {
        return slots.count();
    }

    @Override
    long busy() {
        return busy;
    }

    @Override
    double peak() {
        return slots.peak();
    }

    @Override
    void resetOccupancy() {
        busy = 0;
        slots.resetPeak();
    }
}
