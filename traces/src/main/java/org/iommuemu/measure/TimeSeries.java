// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.List;

/**
 * How it went on, in at most {@value SeriesCollector#BUCKETS} intervals of one length. Transactions are counted in the interval in
 * which they end.
 *
 * @param width length of an interval, in ps; the last one ends with the window
 * @param buckets the intervals, from the arrival of the first counted transaction on
 */
public record TimeSeries(long width, List<Bucket> buckets) {
    /**
     * One interval.
     *
     * @param transactions how many ended
     * @param bytesRead bytes of their reads
     * @param bytesWritten bytes of their writes
     * @param hits how many of them hit
     * @param merged how many waited for a fill under way
     * @param misses how many had something read for them
     * @param latency their latencies together, in ps
     * @param inFlight transactions under way, the mean over the interval
     */
    public record Bucket(
            long transactions,
            long bytesRead,
            long bytesWritten,
            long hits,
            long merged,
            long misses,
            long latency,
            double inFlight) {
        /** Mean latency in ps, 0 if none ended. */
        public double meanLatency() {
            return transactions == 0 ? 0 : (double) latency / transactions;
        }

        /** Hits as a share of transactions, 0 if none ended. */
        public double hitRate() {
            return transactions == 0 ? 0 : (double) hits / transactions;
        }
    }

    /** Takes a copy. */
    public TimeSeries {
        buckets = List.copyOf(buckets);
    }
}
