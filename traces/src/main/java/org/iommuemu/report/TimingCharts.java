// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.HdrHistogram.HistogramIterationValue;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.measure.Latencies;
import org.iommuemu.measure.Latency;
import org.iommuemu.measure.Outcome;
import org.iommuemu.measure.StreamFigures;
import org.iommuemu.measure.TimeSeries;
import org.iommuemu.measure.WalkFigures;
import org.iommuemu.report.html.Axis;
import org.iommuemu.report.html.Bars;
import org.iommuemu.report.html.LineChart;
import org.iommuemu.report.html.Markup;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.ResourceStatistics;

/** The charts of a timed replay. */
final class TimingCharts {
    private static final double HUNDRED = 100;
    /** Points of a distribution in each half of what is left above it. */
    private static final int POINTS = 20;

    private static final int MOST_STREAMS = 12;

    private TimingCharts() {}

    /** How many are answered within a time: all, and by how they found their translation. */
    static void distribution(Markup m, Latencies l) {
        double least = Double.POSITIVE_INFINITY;
        for (Latency some : curves(l)) {
            long shortest = some.histogram().getMinNonZeroValue();
            least = some.count() == 0 ? least : Math.min(least, shortest / TimingHtml.NANOSECOND);
        }
        Axis x = Axis.logarithmic("latency, ns", least, l.all().max() / TimingHtml.NANOSECOND);
        LineChart chart =
                new LineChart("answered within a time (CDF)", x, Axis.linear("% of transactions", 0, HUNDRED));
        curve(chart, "all", 0, l.all());
        for (Outcome o : Outcome.values()) {
            curve(chart, o.plural(), 1 + o.ordinal(), l.outcomes().get(o));
        }
        chart.into(m);
    }

    private static List<Latency> curves(Latencies l) {
        List<Latency> curves = new ArrayList<>(l.outcomes().values());
        curves.add(l.all());
        return curves;
    }

    private static void curve(LineChart chart, String name, int style, Latency l) {
        if (l.count() == 0) {
            return;
        }
        List<Double> times = new ArrayList<>();
        List<Double> shares = new ArrayList<>();
        times.add(l.histogram().getMinValue() / TimingHtml.NANOSECOND);
        shares.add(0.0);
        for (HistogramIterationValue v : l.histogram().percentiles(POINTS)) {
            times.add(Math.min(l.max(), v.getValueIteratedTo()) / TimingHtml.NANOSECOND);
            shares.add(v.getPercentile());
        }
        chart.line(name, style, array(times), array(shares));
    }

    /** What the mean latency consists of. */
    static void parts(Markup m, Latencies l) {
        List<LatencyPart> parts = l.parts().entrySet().stream()
                .filter(e -> e.getValue().total() > 0)
                .map(e -> e.getKey())
                .toList();
        Axis axis = Axis.linear("ns", 0, l.all().mean() / TimingHtml.NANOSECOND);
        Bars.stacked(
                        "what the mean latency is spent on",
                        axis,
                        parts.stream().map(LatencyPart::text).toList())
                .group(
                        "all transactions",
                        parts.stream()
                                .mapToDouble(p -> l.parts().get(p).mean() / TimingHtml.NANOSECOND)
                                .toArray())
                .into(m);
    }

    /** Hits, bandwidth, latency and what is under way, by interval. */
    static void overTime(Markup m, TimeSeries s) {
        double[] at = IntStream.range(0, s.buckets().size())
                .mapToDouble(i -> (i + 0.5) * s.width() / TimingHtml.MICROSECOND)
                .toArray();
        double end = s.buckets().size() * (double) s.width() / TimingHtml.MICROSECOND;
        double[] hits = each(s, b -> ended(b, HUNDRED * b.hits() / b.transactions()));
        double[] merged = each(s, b -> ended(b, HUNDRED * b.merged() / b.transactions()));
        double[] misses = each(s, b -> ended(b, HUNDRED * b.misses() / b.transactions()));
        new LineChart("hits and misses", time(end), Axis.linear("% of transactions", 0, HUNDRED))
                .line(Outcome.HIT.plural(), 0, at, hits)
                .line(Outcome.MERGED.plural(), 1, at, merged)
                .line(Outcome.MISS.plural(), 2, at, misses)
                .into(m);
        double seconds = (double) s.width() / Picoseconds.PER_SECOND;
        double[] read = each(s, b -> b.bytesRead() / seconds / TimingHtml.GIGA);
        double[] written = each(s, b -> b.bytesWritten() / seconds / TimingHtml.GIGA);
        new LineChart("bandwidth", time(end), Axis.linear("GB/s", 0, Math.max(most(read), most(written))))
                .line("reads", 0, at, read)
                .line("writes", 1, at, written)
                .into(m);
        double[] latency = each(s, b -> ended(b, b.meanLatency() / TimingHtml.NANOSECOND));
        new LineChart("mean latency", time(end), Axis.linear("ns", 0, most(latency)))
                .line("mean latency", 0, at, latency)
                .into(m);
        double[] underWay = each(s, TimeSeries.Bucket::inFlight);
        new LineChart("transactions under way", time(end), Axis.linear("transactions", 0, most(underWay)))
                .line("under way", 0, at, underWay)
                .into(m);
    }

    /** No figure of an interval in which nothing ended. */
    private static double ended(TimeSeries.Bucket b, double figure) {
        return b.transactions() == 0 ? Double.NaN : figure;
    }

    private static Axis time(double end) {
        return Axis.linear("time, µs", 0, end);
    }

    /** Misses by how much was read for them. */
    static void walks(Markup m, WalkFigures w) {
        long most = w.byReads().stream().mapToLong(n -> n).max().orElse(0);
        Bars bars = Bars.sideBySide("misses by reads", Axis.linear("misses", 0, most), List.of("misses"));
        for (int n = 1; n < w.byReads().size(); n++) {
            if (w.byReads().get(n) > 0) {
                bars.group(
                        n == 1 ? "1 read" : n + " reads" + (n == w.byReads().size() - 1 ? " or more" : ""),
                        w.byReads().get(n));
            }
        }
        if (most > 0) {
            bars.into(m);
        }
    }

    /** What the transactions of the busiest streams found. */
    static void streams(Markup m, List<StreamFigures> streams) {
        long most =
                streams.stream().mapToLong(StreamFigures::transactions).max().orElse(0);
        Bars bars = Bars.stacked(
                "what transactions found, busiest streams",
                Axis.linear("transactions", 0, most),
                Arrays.stream(Outcome.values()).map(Outcome::plural).toList());
        streams.stream()
                .limit(MOST_STREAMS)
                .forEach(s -> bars.group(Streams.text(s.stream()), s.hits(), s.merged(), s.misses()));
        bars.into(m);
    }

    /** How much of what has a limit was in use. */
    static void occupancy(Markup m, List<ResourceStatistics> resources) {
        Bars bars = Bars.sideBySide("occupancy", Axis.linear("% of capacity", 0, HUNDRED), List.of("mean", "at most"));
        resources.stream()
                .filter(r -> Double.isFinite(r.capacity()) && r.uses() > 0)
                .forEach(r ->
                        bars.group(r.name(), HUNDRED * r.average() / r.capacity(), HUNDRED * r.peak() / r.capacity()));
        bars.into(m);
    }

    private static double[] each(TimeSeries s, ToDoubleFunction<TimeSeries.Bucket> of) {
        return s.buckets().stream().mapToDouble(of).toArray();
    }

    private static double most(double[] values) {
        return Arrays.stream(values).filter(Double::isFinite).max().orElse(0);
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(v -> v).toArray();
    }
}
