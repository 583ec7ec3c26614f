// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.stat;

import org.HdrHistogram.Histogram;

/** A distribution of times in ps. */
public final class TimeSpans {
    /** Longer ones, from 18 minutes on, count as of this length in percentiles. */
    private static final long LONGEST = 1L << 50;

    private static final int DIGITS = 3;

    private final Histogram histogram = new Histogram(1, LONGEST, DIGITS);
    private final PowerHistogram powers = new PowerHistogram();
    private double total;
    private long max;

    void record(long time) {
        histogram.recordValue(Math.min(time, LONGEST));
        powers.add(time);
        total += time;
        max = Math.max(max, time);
    }

    /** How many. */
    public long count() {
        return powers.count();
    }

    /** Their mean; 0 of none. */
    public double mean() {
        return count() == 0 ? 0 : total / count();
    }

    /** The longest; 0 of none. */
    public long max() {
        return max;
    }

    /**
     * The time that a share of them do not exceed, to 0.1 % from above.
     *
     * @param percent 0 to 100
     */
    public long percentile(double percent) {
        return Math.min(max, histogram.getValueAtPercentile(percent));
    }

    /** How many there are of each power of two. */
    public PowerHistogram powers() {
        return powers;
    }
}
