// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SeriesCollectorTest {
    private static final int HIT = 0;
    private static final int MISS = 2;

    @Test
    void shouldCountATransactionWhereItEndsAndItsTimeWhereItIs() {
        SeriesCollector series = new SeriesCollector();
        series.reset(10_000);
        // Intervals of 4,096 ps: under way for 96 ps in the first, all of the second, half of the third.
        series.record(14_000, 10_000 + 2 * 4_096 + 2_048, false, 64, MISS);
        series.record(14_000, 14_000, true, 128, HIT);
        TimeSeries figures = series.figures(2 * 4_096 + 2_048);

        assertThat(figures.width()).isEqualTo(4_096);
        assertThat(figures.buckets())
                .containsExactly(
                        new TimeSeries.Bucket(1, 0, 128, 1, 0, 0, 0, 96 / 4_096.0),
                        new TimeSeries.Bucket(0, 0, 0, 0, 0, 0, 0, 1),
                        new TimeSeries.Bucket(1, 64, 0, 0, 0, 1, 6_240, 1));
        assertThat(figures.buckets().get(0).hitRate()).isEqualTo(1);
        assertThat(figures.buckets().get(2).meanLatency()).isEqualTo(6_240);
    }

    /** Against the sums taken interval by interval when the width is known. */
    @Test
    void shouldKeepWhatItHasWhenItGrows() {
        Random random = new Random(5);
        int n = 3_000;
        long[] at = new long[n];
        long[] end = new long[n];
        SeriesCollector series = new SeriesCollector();
        long now = 0;
        long span = 1;
        for (int i = 0; i < n; i++) {
            now += random.nextInt(1 + 10 * i);
            at[i] = now;
            end[i] = now + random.nextInt(1 << 24);
            span = Math.max(span, end[i]);
            series.record(at[i], end[i], false, 1, MISS);
        }
        TimeSeries figures = series.figures(span);

        long width = figures.width();
        assertThat(width).isGreaterThan(1 << 14);
        assertThat(figures.buckets()).hasSizeBetween(SeriesCollector.BUCKETS / 2, SeriesCollector.BUCKETS);
        for (int b = 0; b < figures.buckets().size(); b++) {
            long from = b * width;
            long to = Math.min(span, from + width);
            long ended = 0;
            long inside = 0;
            for (int i = 0; i < n; i++) {
                ended += end[i] > from && end[i] <= from + width || b == 0 && end[i] == 0 ? 1 : 0;
                inside += Math.max(0, Math.min(end[i], to) - Math.max(at[i], from));
            }
            assertThat(figures.buckets().get(b).misses()).isEqualTo(ended);
            assertThat(figures.buckets().get(b).inFlight()).isEqualTo((double) inside / (to - from), offset(1e-9));
        }
    }

    @Test
    void shouldBeginAnew() {
        SeriesCollector series = new SeriesCollector();
        series.record(0, 1L << 40, false, 1, MISS);
        series.reset(5_000);
        series.record(6_000, 7_000, false, 1, MISS);

        assertThat(series.figures(2_000).width()).isEqualTo(4_096);
        assertThat(series.figures(2_000).buckets())
                .containsExactly(new TimeSeries.Bucket(1, 1, 0, 0, 0, 1, 1_000, 0.5));
    }
}
