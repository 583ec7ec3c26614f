// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/**
 * A stage with a throughput and a latency: {@code lanes} may enter at once, each lane again after {@code interval}; what enters
 * comes out {@code latency} later. The ports of a cache are the lanes of its lookup pipeline: two lookups a cycle are two lanes
 * with an interval of one cycle, a lookup every four cycles is one lane with four.
 *
 * <p>Lanes are given out as {@link Slots} are. Occupancy counts lanes, each busy for an interval.
 */
public final class Pipeline extends Resource {
    private final Servers lanes;
    private final long interval;
    private final long latency;
    private long entered;
    private long occupied;

    /**
     * An empty pipeline.
     *
     * @param name what reports call it
     * @param lanes how many can enter at the same time, at least 1
     * @param interval after how many ps a lane can be entered again; 0 for any number at once
     * @param latency from entering to coming out, in ps
     * @throws IllegalArgumentException when a parameter is out of range
     */
    public Pipeline(String name, int lanes, long interval, long latency) {
        super(name);
        this.lanes = new Servers(positive("lanes", lanes));
        this.interval = duration(0, interval);
        this.latency = duration(0, latency);
    }

    /**
     * Goes through.
     *
     * @param at when it comes to the entrance, in ps
     * @return when it comes out, in ps; it entered {@link #latency} before
     */
    public long pass(Waiter who, long at) {
        long start = lanes.take(at);
        lanes.give(start + interval);
        who.count(start - at);
        entered++;
        return start + latency;
    }

    /**
     * Keeps a lane from being entered.
     *
     * @param at from when on, in ps
     * @param duration for how long, in ps
     * @return from when on it does, in ps
     */
    public long occupy(Waiter who, long at, long duration) {
        long start = lanes.take(at);
        lanes.give(start + duration);
        who.count(start - at);
        occupied += duration;
        return start;
    }

    /** From entering to coming out, in ps. */
    public long latency() {
        return latency;
    }

    @Override
    double capacity() {
        return lanes.count();
    }

    @Override
    long busy() {
        return entered * interval + occupied;
    }

    @Override
    double peak() {
        return lanes.peak();
    }

    @Override
    void resetOccupancy() {
        entered = 0;
        occupied = 0;
        lanes.resetPeak();
    }
}
