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
    /** What was recorded last, so many times in a row, and is not in the histogram yet: most latencies are that of a hit. */
    private long value;

    private long times;
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
        if (time == value) {
            times++;
        } else {
            note();
            value = time;
            times = 1;
        }
    }

    private void note() {
        if (times > 0) {
            histogram.recordValueWithCount(Math.min(value, LONGEST), times);
            total += value * times;
            max = Math.max(max, value);
            times = 0;
        }
    }

    void reset() {
        histogram.reset();
        times = 0;
        total = 0;
        max = 0;
    }

    Latency figures() {
        note();
        return new Latency(histogram, total, max);
    }

    /** The figures of so many latencies, those that were not recorded being 0. */
    Latency figures(long count) {
        note();
        Histogram all = histogram.copy();
        if (count > all.getTotalCount()) {
            all.recordValueWithCount(0, count - all.getTotalCount());
        }
        return new Latency(all, total, max);
    }
}
