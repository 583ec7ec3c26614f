// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.HdrHistogram.HistogramIterationValue;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.measure.Latencies;
import org.iommuemu.measure.Latency;
import org.iommuemu.measure.StreamFigures;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.measure.WalkFigures;
import org.iommuemu.report.html.Axis;
import org.iommuemu.report.html.Bars;
import org.iommuemu.report.html.LineChart;
import org.iommuemu.report.html.Markup;
import org.iommuemu.time.ResourceStatistics;

/** The charts of a timed replay. */
final class TimingCharts {
    private static final double HUNDRED = 100;
    /** What a step of a distribution adds at least, in percent of all. */
    private static final double SHARE_STEP = 0.5;
    /** Or else, how many times as long it is. */
    private static final double TIME_STEP = 1.02;

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
        l.outcomes().forEach((o, some) -> curve(chart, o.plural(), 1 + o.ordinal(), some));
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
        double time = 0;
        double share = 0;
        for (HistogramIterationValue v : l.histogram().recordedValues()) {
            double next = Math.min(l.max(), v.getValueIteratedTo()) / TimingHtml.NANOSECOND;
            double reached = v.getPercentile();
            if (reached - share >= SHARE_STEP || next > time * TIME_STEP || reached >= HUNDRED) {
                times.addAll(List.of(next, next));
                shares.addAll(List.of(share, reached));
                time = next;
                share = reached;
            }
        }
        chart.line(name, style, array(times), array(shares));
    }

    /** What the mean latency consists of. */
    static void parts(Markup m, Latencies l) {
        Axis axis = Axis.linear("ns", 0, l.all().mean() / TimingHtml.NANOSECOND);
        Bars.stacked(
                        "what the mean latency is spent on",
                        axis,
                        l.parts().keySet().stream().map(LatencyPart::text).toList())
                .group(
                        "all transactions",
                        l.parts().values().stream()
                                .mapToDouble(p -> p.mean() / TimingHtml.NANOSECOND)
                                .toArray())
                .into(m);
    }

    /** Hits, bandwidth, latency and what is under way, by interval. */
    static void overTime(Markup m, TimingReport t) {
        Intervals in = Intervals.of(t.series(), t.span());
        Unit unit = Unit.of(t.span());
        Axis time = Axis.linear("time, " + unit.text(), 0, t.span() / unit.picoseconds());
        double[] at = in.ends(unit.picoseconds());
        double[] nothing = in.each(i -> 0);
        double[] hits = in.each(i -> i.share(i.hits()));
        double[] merged = in.each(i -> i.share(i.hits() + i.merged()));
        double[] all = in.each(i -> i.share(i.transactions()));
        new LineChart("hits and misses", time, Axis.linear("% of transactions", 0, HUNDRED))
                .area(Outcome.HIT.plural(), 0, at, nothing, hits)
                .area(Outcome.MERGED_MISS.plural(), 1, at, hits, merged)
                .area(Outcome.MISS.plural(), 2, at, merged, all)
                .into(m);
        double[] read = in.each(i -> i.perNanosecond(i.bytesRead()));
        double[] written = in.each(i -> i.perNanosecond(i.bytesWritten()));
        new LineChart("bandwidth", time, Axis.linear("GB/s", 0, Math.max(most(read), most(written))))
                .line("reads", 0, at, read)
                .line("writes", 1, at, written)
                .into(m);
        double[] latency = in.each(Intervals.Interval::meanLatency);
        new LineChart("mean latency", time, Axis.linear("ns", 0, most(latency)))
                .line("mean latency", 0, at, latency)
                .into(m);
        double[] underWay = in.each(Intervals.Interval::underWay);
        new LineChart("transactions under way", time, Axis.linear("transactions", 0, most(underWay)))
                .line("under way", 0, at, underWay)
                .into(m);
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

    private static double most(double[] values) {
        return Arrays.stream(values).filter(Double::isFinite).max().orElse(0);
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(v -> v).toArray();
    }
}
