// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.iommuemu.measure.TimeSeries;
import org.iommuemu.measure.TimeSeries.Bucket;
import org.junit.jupiter.api.Test;

class IntervalsTest {
    private static final Bucket BUSY = new Bucket(4, 128, 64, 2, 1, 1, 40_000, 3);
    private static final Bucket IDLE = new Bucket(0, 0, 0, 0, 0, 0, 0, 0);

    @Test
    void shouldTakeFiguresByTheLengthOfTheInterval() {
        Intervals in = Intervals.of(new TimeSeries(2000, List.of(BUSY, IDLE, BUSY)), 5000);

        assertThat(in.ends(1000)).containsExactly(0, 2, 2, 4, 4, 5);
        // 128 bytes in 2 ns, and in the 1 ns that the last interval has.
        assertThat(in.each(i -> i.perNanosecond(i.bytesRead()))).containsExactly(64, 64, 0, 0, 128, 128);
        assertThat(in.each(i -> i.share(i.hits()))).containsExactly(50, 50, Double.NaN, Double.NaN, 50, 50);
        assertThat(in.each(Intervals.Interval::meanLatency)).containsExactly(10, 10, Double.NaN, Double.NaN, 10, 10);
    }

    @Test
    void shouldPutNeighboursTogether() {
        List<Bucket> buckets = new ArrayList<>(Collections.nCopies(Intervals.MOST, BUSY));
        buckets.add(0, IDLE);
        Intervals in = Intervals.of(new TimeSeries(1000, buckets), 129_000);

        assertThat(in.intervals()).hasSize(65);
        assertThat(in.intervals().get(0)).isEqualTo(new Intervals.Interval(0, 2000, 4, 2, 1, 128, 64, 40_000, 1.5));
        assertThat(in.intervals().get(64))
                .isEqualTo(new Intervals.Interval(128_000, 129_000, 4, 2, 1, 128, 64, 40_000, 3));
    }

    @Test
    void shouldChooseAUnitWithFewDigits() {
        assertThat(Unit.of(9_999_000)).isEqualTo(Unit.NANOSECONDS);
        assertThat(Unit.of(10_000_000)).isEqualTo(Unit.MICROSECONDS);
        assertThat(Unit.of(28_000_000_000_000L)).isEqualTo(Unit.SECONDS);
        assertThat(Unit.of(Long.MAX_VALUE)).isEqualTo(Unit.SECONDS);
    }
}
