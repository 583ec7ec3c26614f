// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.iommuemu.report.html.Digits;
import org.iommuemu.report.html.Markup;
import org.iommuemu.report.html.Page;
import org.iommuemu.report.html.Table;
import org.iommuemu.sweep.Metric;
import org.iommuemu.sweep.PointResult;
import org.iommuemu.sweep.Sweep;
import org.iommuemu.sweep.SweepResults;
import org.jspecify.annotations.Nullable;

/** The results of a sweep as a page: for each study what is best, heat maps, lines, Pareto fronts and the points themselves. */
public final class SweepHtml {
    private static final String METRICS = "metrics";
    private static final int MOST_FAILED = 100;
    private static final int MOST_POINTS = 1000;
    private static final int MOST_FRONT = 60;

    private final Markup m;
    private final Sweep sweep;
    /** Those that have figures. */
    private final List<PointResult> points;

    private final List<SweepAxes.Dimension> dimensions;
    private final List<Metric> metrics;
    private final SweepAxes axes;

    private SweepHtml(Markup m, Sweep sweep, List<PointResult> points) {
        this.m = m;
        this.sweep = sweep;
        this.points = points;
        dimensions = SweepAxes.dimensions(sweep, points);
        metrics = metrics(sweep, points);
        axes = SweepAxes.of(sweep, points);
    }

    /** The document. */
    public static String of(SweepResults results) {
        String file = String.valueOf(results.plan().file().file().getFileName());
        return Page.of("Sweep " + file, m -> {
            m.leaf(
                    "p",
                    Digits.of(results.results().size()) + " points, "
                            + Digits.of(results.failed().size())
                            + " of them without figures. All figures of all points: "
                            + "results.csv and results.json beside this page.");
            failed(m, results.failed());
            for (Sweep sweep : results.plan().file().sweeps()) {
                List<PointResult> all = results.of(sweep);
                m.leaf("h2", sweep.name());
                SweepTables.settings(sweep, all.size()).into(m);
                List<PointResult> points =
                        all.stream().filter(r -> !r.isFailed()).toList();
                if (!points.isEmpty()) {
                    new SweepHtml(m, sweep, points).study();
                }
            }
        });
    }

    private static void failed(Markup m, List<PointResult> failed) {
        if (failed.isEmpty()) {
            return;
        }
        m.leaf("h2", "Points that failed");
        Table table = new Table().text("point").text("why");
        failed.stream()
                .limit(MOST_FAILED)
                .forEach(r -> table.row(true, List.of(r.point().label(), Objects.requireNonNull(r.failure()))));
        table.into(m);
        more(m, failed.size(), MOST_FAILED);
    }

    private static void more(Markup m, int all, int most) {
        if (all > most) {
            m.leaf("p", "And " + Digits.of(all - most) + " more.");
        }
    }

    /** The figures asked for, or else the IOTLB's miss ratio and, with time, the 99th percentile. */
    private static List<Metric> metrics(Sweep sweep, List<PointResult> points) {
        List<String> asked = sweep.report().getOrDefault(METRICS, List.of());
        Stream<@Nullable Metric> wanted = asked.isEmpty()
                ? Stream.of(Metric.IOTLB_MISS_RATIO, Metric.P99)
                : asked.stream().map(Metric::of);
        return wanted.filter(Objects::nonNull)
                .map(Objects::requireNonNull)
                .filter(metric -> points.stream().anyMatch(r -> r.values().containsKey(metric)))
                .toList();
    }

    private void study() {
        m.leaf("h3", "Best point of each trace");
        SweepTables.best(metrics, traces(), dimensions).into(m);
        if (SweepFront.realizable(points).size() < points.size()) {
            m.leaf("p", "The policy oracle, a bound that no hardware meets, is in the charts but not among the best.");
        }
        for (Metric metric : metrics) {
            charts(metric);
        }
        Table all = SweepTables.points(metrics, dimensions, points, MOST_POINTS);
        all.folded(
                m,
                points.size() > MOST_POINTS
                        ? "The first " + Digits.of(MOST_POINTS) + " of " + Digits.of(points.size()) + " points"
                        : "Every point");
    }

    private void charts(Metric metric) {
        SweepAxes.Dimension x = axes.x();
        SweepAxes.Dimension y = axes.y();
        if (x == null) {
            return;
        }
        SweepCharts charts = new SweepCharts(metric, dimensions, points);
        m.leaf("h3", metric.label() + ": " + metric.meaning() + (metric.unit().isEmpty() ? "" : ", " + metric.unit()));
        if (!axes.folded().isEmpty()) {
            m.leaf(
                    "p",
                    "Where points differ by "
                            + String.join(
                                    ", ",
                                    axes.folded().stream()
                                            .map(SweepAxes.Dimension::key)
                                            .toList())
                            + ", charts show the best of them.");
        }
        if (axes.leftOut() > 0) {
            m.leaf("p", "Charts of " + axes.panels().size() + " traces; " + axes.leftOut() + " more are left out.");
        }
        boolean drawn = y == null || y.values().size() <= SweepCharts.MOST_LINES;
        if (drawn) {
            charts.lines(m, axes, x, y);
        }
        if (y != null) {
            charts.heatMaps(m, axes, x, y);
        }
        fronts(metric, charts);
    }

    private void fronts(Metric metric, SweepCharts charts) {
        if (points.stream()
                        .mapToDouble(r -> r.number(Metric.COST))
                        .filter(Double::isFinite)
                        .distinct()
                        .count()
                < 2) {
            return;
        }
        m.leaf("h3", "Cost against " + metric.label());
        List<SweepAxes.Panel> traces = traces();
        List<SweepAxes.Panel> drawn = traces.subList(0, Math.min(SweepAxes.MOST_PANELS, traces.size()));
        charts.fronts(m, drawn);
        more(m, traces.size(), SweepAxes.MOST_PANELS);
        Table table = SweepTables.front(metric, traces, dimensions, MOST_FRONT);
        table.into(m);
        more(
                m,
                traces.stream()
                        .mapToInt(t -> SweepFront.of(metric, t.points()).size())
                        .sum(),
                MOST_FRONT);
    }

    private List<SweepAxes.Panel> traces() {
        Map<String, List<PointResult>> byTrace = new LinkedHashMap<>();
        points.forEach(r -> byTrace.computeIfAbsent(r.point().trace(), t -> new ArrayList<>())
                .add(r));
        return byTrace.entrySet().stream()
                .map(e -> new SweepAxes.Panel(e.getKey(), e.getValue()))
                .toList();
    }
}
