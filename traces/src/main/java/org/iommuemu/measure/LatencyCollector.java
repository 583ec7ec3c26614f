// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import org.HdrHistogram.Histogram;

/** Collects latencies. Its size is fixed from the beginning, so that recording never allocates. */
final class LatencyCollector {
    /** Longer ones, from 18 minutes on, are counted as of this length; their sum and the longest are exact all the same. */
    private static final long LONGEST = 1L << 50;

    private static final int DIGITS = 3;
    private static final int FEW_DIGITS = 1;
    private static final long COARSE = 1L << 10;

    private final Histogram histogram;
    private long total;
    private long max;

    private LatencyCollector(Histogram histogram) {
        this.histogram = histogram;
    }

    /** One that is precise to 0.1 %, of 330 KB. */
    static LatencyCollector precise() {
        return new LatencyCollector(new Histogram(1, LONGEST, DIGITS));
    }

    /** One that is precise to 1 ns and 6 %, of 5 KB. */
    static LatencyCollector compact() {
        return new LatencyCollector(new Histogram(COARSE, LONGEST, FEW_DIGITS));
    }

    void record(long time) {
        histogram.recordValue(Math.min(time, LONGEST));
        total += time;
        if (time > max) {
            max = time;
        }
    }

    void reset() {
        histogram.reset();
        total = 0;
        max = 0;
    }

    Latency figures() {
        return new Latency(histogram, total, max);
    }

    /** The figures of so many latencies, those that were not recorded being 0. */
    Latency figures(long count) {
        Histogram all = histogram.copy();
        if (count > all.getTotalCount()) {
            all.recordValueWithCount(0, count - all.getTotalCount());
        }
        return new Latency(all, total, max);
    }
}
