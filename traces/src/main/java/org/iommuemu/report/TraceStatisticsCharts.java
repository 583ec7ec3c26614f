// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;
import org.iommuemu.report.html.Axis;
import org.iommuemu.report.html.Bars;
import org.iommuemu.report.html.Digits;
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
    private static final int MOST_STREAMS = 12;
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

    /** Lookups by how many other pages were used since the page's use before. */
    static void distances(Markup m, TraceStatistics s) {
        PowerHistogram powers = s.distances();
        powers(m, "stack distances", "lookups", powers, TraceStatisticsCharts::count);
    }

    /** Pages in use by window. */
    static void workingSet(Markup m, String unit, WorkingSet w) {
        long[] pages = w.pages();
        if (pages.length == 0) {
            return;
        }
        double[] ends = new double[pages.length];
        double[] counts = new double[pages.length];
        for (int i = 0; i < pages.length; i++) {
            ends[i] = (double) (i + 1) * w.window();
            counts[i] = pages[i];
        }
        new LineChart(
                        "pages used in each window of " + Digits.of(w.window()) + " " + unit,
                        Axis.linear(unit, 0, ends[ends.length - 1]),
                        Axis.linear("pages", 0, w.most()))
                .line("pages", 0, ends, counts)
                .into(m);
    }

    /** How long something takes. */
    static void spans(Markup m, String title, String unit, TimeSpans t) {
        powers(m, title, unit, t.powers(), TraceStatisticsCharts::time);
    }

    /** Accesses by length. */
    static void lengths(Markup m, Lengths l) {
        powers(m, "lengths", "accesses", l.powers(), TraceStatisticsCharts::bytes);
    }

    private static void powers(Markup m, String title, String unit, PowerHistogram powers, LongFunction<String> text) {
        if (powers.count() == 0) {
            return;
        }
        long most = 0;
        for (int power = powers.first(); power < powers.end(); power++) {
            most = Math.max(most, powers.of(power));
        }
        Bars bars = Bars.sideBySide(title, Axis.linear(unit, 0, most), List.of(unit));
        for (int power = powers.first(); power < powers.end(); power++) {
            long from = PowerHistogram.least(power);
            String name = power <= 1 ? text.apply(from) : text.apply(from) + " to " + text.apply(2 * from);
            bars.group(name, powers.of(power));
        }
        bars.into(m);
    }

    private static String count(long value) {
        return Digits.of(value);
    }

    private static String time(long value) {
        return value == 0 ? "0" : Digits.of(value / NANOSECOND) + " ns";
    }

    private static String bytes(long value) {
        return value == 0 ? "0" : Digits.bytes(value);
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
