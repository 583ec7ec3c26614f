// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import org.HdrHistogram.Histogram;

/**
 * Latencies of some transactions, in ps.
 *
 * @param histogram their distribution
 * @param total their sum, exact
 * @param max the longest, exact; 0 of none
 */
public record Latency(Histogram histogram, long total, long max) {
    /** Takes a copy. */
    public Latency {
        histogram = histogram.copy();
    }

    /** How many. */
    public long count() {
        return histogram.getTotalCount();
    }

    /** Their mean, in ps; 0 of none. */
    public double mean() {
        return count() == 0 ? 0 : (double) total / count();
    }

    /**
     * The latency that a share of them do not exceed, in ps, to the histogram's precision from above.
     *
     * @param percent 0 to 100
     */
    public long percentile(double percent) {
        return Math.min(max, histogram.getValueAtPercentile(percent));
    }

    /** These and others together. */
    public Latency plus(Latency other) {
        Histogram sum = histogram.copy();
        sum.add(other.histogram);
        return new Latency(sum, total + other.total, Math.max(max, other.max));
    }
}
