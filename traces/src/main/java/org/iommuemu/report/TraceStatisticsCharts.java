// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Arrays;
import java.util.List;
import org.iommuemu.report.html.Axis;
import org.iommuemu.report.html.Bars;
import org.iommuemu.report.html.LineChart;
import org.iommuemu.report.html.Markup;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.trace.reuse.MissCurve;
import org.iommuemu.trace.stat.Lengths;
import org.iommuemu.trace.stat.PowerHistogram;
import org.iommuemu.trace.stat.StreamTotals;
import org.iommuemu.trace.stat.TimeSpans;
import org.iommuemu.trace.stat.TraceStatistics;
import org.iommuemu.trace.stat.WorkingSet;

/** The charts of what is in a trace. */
final class TraceStatisticsCharts {
    private static final int PER_OCTAVE = 16;
    private static final double HUNDRED = 100;
    static final int MOST_STREAMS = 12;
    private static final double NANOSECOND = Picoseconds.PER_NANOSECOND;

    private TraceStatisticsCharts() {}

    /** Misses by size of the cache. */
    static void misses(Markup m, MissCurve c) {
        if (c.lookups() == 0) {
            return;
        }
        int[] sizes = c.sizes(PER_OCTAVE);
        double[] xs = Arrays.stream(sizes).asDoubleStream().toArray();
        double[] ys = Arrays.stream(sizes)
                .mapToDouble(size -> HUNDRED * c.missRatio(size))
                .toArray();
        new LineChart(
                        "misses of fully associative LRU caches",
                        Axis.logarithmic("entries", 1, Math.max(10, c.longest())),
                        Axis.linear("% of lookups", 0, HUNDRED))
                .line("misses", 0, xs, ys)
                .into(m);
    }

    /** Lookups by how many pages were used since the page's use before, itself included. */
    static void distances(Markup m, TraceStatistics s) {
        powers(m, "stack distances", s.distances(), 1, Axis.logarithmic("pages", 1, top(s.distances())), "lookups");
    }

    /**
     * Pages in use by window.
     *
     * @param unit in which the axis is
     * @param each how many of the unit of windows it is
     */
    static void workingSet(Markup m, String title, String unit, double each, WorkingSet w) {
        long[] pages = w.pages();
        if (pages.length == 0) {
            return;
        }
        double[] ends = new double[pages.length];
        double[] counts = new double[pages.length];
        for (int i = 0; i < pages.length; i++) {
            ends[i] = (i + 1) * w.window() / each;
            counts[i] = pages[i];
        }
        new LineChart(title, Axis.linear(unit, 0, ends[ends.length - 1]), Axis.linear("pages", 0, w.most()))
                .line("pages", 0, ends, counts)
                .into(m);
    }

    /** How long something takes, where it takes any time. */
    static void spans(Markup m, String title, String what, TimeSpans t) {
        double least = PowerHistogram.least(t.powers().firstPositive()) / NANOSECOND;
        powers(m, title, t.powers(), NANOSECOND, Axis.logarithmic("ns", least, top(t.powers()) / NANOSECOND), what);
    }

    /** Accesses by length. */
    static void lengths(Markup m, Lengths l) {
        double least = PowerHistogram.least(l.powers().firstPositive());
        powers(m, "lengths", l.powers(), 1, Axis.bytes("bytes", least, top(l.powers())), "accesses");
    }

    private static double top(PowerHistogram powers) {
        return 2.0 * PowerHistogram.least(Math.max(1, powers.end() - 1));
    }

    /** A step for each power of two; what is 0 has no place on such an axis. */
    private static void powers(Markup m, String title, PowerHistogram powers, double unit, Axis x, String what) {
        int first = powers.firstPositive();
        int end = powers.end();
        if (end <= first) {
            return;
        }
        double[] xs = new double[2 * (end - first)];
        double[] counts = new double[xs.length];
        double most = 0;
        for (int power = first; power < end; power++) {
            int i = 2 * (power - first);
            xs[i] = PowerHistogram.least(power) / unit;
            xs[i + 1] = 2 * xs[i];
            counts[i] = powers.of(power);
            counts[i + 1] = counts[i];
            most = Math.max(most, counts[i]);
        }
        new LineChart(title, x, Axis.linear(what, 0, most))
                .area(what, 0, xs, new double[xs.length], counts)
                .into(m);
    }

    /** The busiest streams. */
    static void streams(Markup m, List<StreamTotals> streams) {
        long most = streams.stream().mapToLong(StreamTotals::accesses).max().orElse(0);
        Bars bars = Bars.stacked(
                "accesses of the busiest streams", Axis.linear("accesses", 0, most), List.of("reads", "writes"));
        streams.stream()
                .limit(MOST_STREAMS)
                .forEach(t -> bars.group(Streams.text(Integer.toUnsignedLong(t.stream())), t.reads(), t.writes()));
        bars.into(m);
    }
}
