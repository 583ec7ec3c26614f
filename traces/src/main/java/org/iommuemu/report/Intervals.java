// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import org.iommuemu.measure.TimeSeries;
import org.iommuemu.measure.TimeSeries.Bucket;

/** A time series as a chart can show it: neighbours together, so that there are not too many, and each with its length. */
record Intervals(List<Interval> intervals) {
    /** The most intervals of a chart. */
    static final int MOST = 128;

    private static final double HUNDRED = 100;

    /**
     * One interval.
     *
     * @param from its beginning, in ps
     * @param to its end, in ps
     * @param latency together, in ps
     * @param underWay mean over the interval
     */
    record Interval(
            long from,
            long to,
            long transactions,
            long hits,
            long merged,
            long bytesRead,
            long bytesWritten,
            long latency,
            double underWay) {
        /** Some of its transactions, in percent of all; NaN if none ended in it. */
        double share(long some) {
            return transactions == 0 ? Double.NaN : HUNDRED * some / transactions;
        }

        /** Mean latency in ns; NaN if none ended in it. */
        double meanLatency() {
            return transactions == 0 ? Double.NaN : latency / TimingHtml.NANOSECOND / transactions;
        }

        /** A number by ns of its length; of bytes, GB/s. */
        double perNanosecond(long some) {
            return some * TimingHtml.NANOSECOND / (to - from);
        }
    }

    /**
     * The intervals of a series.
     *
     * @param span what it covers, in ps: the last interval may be shorter than the others
     */
    static Intervals of(TimeSeries s, long span) {
        int together = (s.buckets().size() + MOST - 1) / MOST;
        List<Interval> intervals = new ArrayList<>();
        for (int first = 0; first < s.buckets().size(); first += together) {
            List<Bucket> some = s.buckets()
                    .subList(first, Math.min(first + together, s.buckets().size()));
            long from = first * s.width();
            long to = Math.min(span, (first + some.size()) * s.width());
            double area = 0;
            for (int i = 0; i < some.size(); i++) {
                long begin = (first + i) * s.width();
                area += some.get(i).inFlight() * (Math.min(to, begin + s.width()) - begin);
            }
            intervals.add(new Interval(
                    from,
                    to,
                    some.stream().mapToLong(Bucket::transactions).sum(),
                    some.stream().mapToLong(Bucket::hits).sum(),
                    some.stream().mapToLong(Bucket::merged).sum(),
                    some.stream().mapToLong(Bucket::bytesRead).sum(),
                    some.stream().mapToLong(Bucket::bytesWritten).sum(),
                    some.stream().mapToLong(Bucket::latency).sum(),
                    area / (to - from)));
        }
        return new Intervals(intervals);
    }

    /** Both ends of each interval by turns. */
    double[] ends(double unit) {
        return intervals.stream()
                .flatMapToDouble(i -> DoubleStream.of(i.from() / unit, i.to() / unit))
                .toArray();
    }

    /** A figure of each interval twice: at both of its ends. */
    double[] each(ToDoubleFunction<Interval> of) {
        return intervals.stream()
                .mapToDouble(of)
                .flatMap(figure -> DoubleStream.of(figure, figure))
                .toArray();
    }
}
