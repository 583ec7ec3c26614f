// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Collects a {@link TimeSeries} of any length in the same memory: when time goes beyond the last interval, neighbours become one.
 *
 * <p>How many are under way is kept as the area under the curve within the interval, and as how much the curve has risen at its end:
 * so a transaction costs two additions at each end, however many intervals it lasts.
 *
 * <pre>
 *                      begin                     end
 *                        |########################|
 *   interval  |----------b==========|------------------------|-----
 *                        area: ==                 area: minus the rest of this one
 *                        change: +1               change: -1
 * </pre>
 */
final class SeriesCollector {
    /** The most intervals, an even number. */
    static final int BUCKETS = 512;

    private static final int FIRST_SHIFT = 12;

    /** One interval's figures: 64 bytes. */
    private static final int STRIDE = 8;

    /** How many ended, by outcome: the first three. */
    private static final int OUTCOMES = 0;

    private static final int BYTES_READ = 3;
    private static final int BYTES_WRITTEN = 4;
    private static final int LATENCY = 5;
    private static final int AREA = 6;
    private static final int CHANGE = 7;

    private final long[] data = new long[STRIDE * BUCKETS];
    private int shift = FIRST_SHIFT;
    private long origin;

    /** Begins anew. */
    void reset(long start) {
        Arrays.fill(data, 0);
        shift = FIRST_SHIFT;
        origin = start;
    }

    /** A transaction is over. Times before the start count as the start. */
    void record(long at, long end, boolean write, int bytes, int outcome) {
        long from = Math.max(0, at - origin);
        long to = Math.max(0, end - origin);
        while (interval(to) >= BUCKETS) {
            fold();
        }
        int first = STRIDE * (int) interval(from);
        int last = STRIDE * (int) interval(to);
        data[last + OUTCOMES + outcome]++;
        data[last + (write ? BYTES_WRITTEN : BYTES_READ)] += bytes;
        data[last + LATENCY] += end - at;
        data[first + AREA] += ((interval(from) + 1) << shift) - from;
        data[first + CHANGE]++;
        data[last + AREA] -= ((interval(to) + 1) << shift) - to;
        data[last + CHANGE]--;
    }

    /** The number of the interval that has a time, its end included and its beginning not, but for that of all. */
    private long interval(long time) {
        return Math.max(0, time - 1) >>> shift;
    }

    /** Two intervals become one; the curve's rise at the end of the first is area in the second. */
    private void fold() {
        for (int b = 0; b < BUCKETS / 2; b++) {
            int to = STRIDE * b;
            int first = 2 * to;
            int second = first + STRIDE;
            long area = data[first + AREA] + (data[first + CHANGE] << shift) + data[second + AREA];
            for (int i = 0; i < STRIDE; i++) {
                data[to + i] = data[first + i] + data[second + i];
            }
            data[to + AREA] = area;
        }
        Arrays.fill(data, data.length / 2, data.length, 0);
        shift++;
    }

    /**
     * What was collected.
     *
     * @param span from the start to the last transaction's end, in ps, at least 1
     */
    TimeSeries figures(long span) {
        long width = 1L << shift;
        List<TimeSeries.Bucket> buckets = new ArrayList<>();
        long running = 0;
        for (int b = 0; b <= interval(span); b++) {
            int at = STRIDE * b;
            long length = Math.min(width, span - ((long) b << shift));
            long area = (running << shift) + data[at + AREA];
            buckets.add(new TimeSeries.Bucket(
                    data[at + OUTCOMES] + data[at + OUTCOMES + 1] + data[at + OUTCOMES + 2],
                    data[at + BYTES_READ],
                    data[at + BYTES_WRITTEN],
                    data[at + OUTCOMES],
                    data[at + OUTCOMES + 1],
                    data[at + OUTCOMES + 2],
                    data[at + LATENCY],
                    (double) area / length));
            running += data[at + CHANGE];
        }
        return new TimeSeries(width, buckets);
    }
}
