// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

/** The times of accesses that are spread over an interval. */
final class Clock {
    private final long begin;
    private final long interval;
    private final int accesses;
    private int done;

    /**
     * A clock.
     *
     * @param begin of the interval, in ps
     * @param interval its length, in ps
     * @param accesses how many there will be
     */
    Clock(long begin, long interval, int accesses) {
        this.begin = begin;
        this.interval = interval;
        this.accesses = accesses;
    }

    /** The time of the access before, in ps; the begin where there was none. */
    long now() {
        return begin + interval * Math.max(0, done - 1) / accesses;
    }

    /** The time of the next access, in ps. */
    long next() {
        done++;
        return now();
    }
}
