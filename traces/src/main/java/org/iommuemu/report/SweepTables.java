// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.Parameter;
import org.iommuemu.report.html.Digits;
import org.iommuemu.report.html.Table;
import org.iommuemu.sweep.Metric;
import org.iommuemu.sweep.PointResult;
import org.iommuemu.sweep.Sweep;

/** The tables of a study. */
final class SweepTables {
    private static final String COST = "storage, KiB";

    private SweepTables() {}

    /** What the file says of it. */
    static Table settings(Sweep s, int points) {
        Table table = new Table().text("of the study").text("");
        table.row("points", Digits.of(points));
        table.row("traces", String.join(", ", s.traces()));
        table.row("presets", String.join(", ", s.presets()));
        table.row("timed", timed(s));
        if (!s.fixed().isEmpty()) {
            table.row("set", text(s.fixed()));
        }
        s.grid().forEach((p, values) -> table.row(p.key(), String.join(", ", values)));
        if (s.sample() != null) {
            table.row(
                    "sample",
                    Digits.of(s.sample().points()) + " points, seed "
                            + s.sample().seed());
        }
        if (!s.points().isEmpty()) {
            table.row("by hand", Digits.of(s.points().size()) + " for each trace and preset");
        }
        return table;
    }

    private static String timed(Sweep s) {
        if (!s.timed()) {
            return "no";
        }
        MeasureWindow w = s.window();
        return "yes, "
                + (s.outstanding() == 0
                        ? "at the times of the trace"
                        : Digits.of(s.outstanding()) + " accesses under way")
                + (w.equals(MeasureWindow.EVERYTHING)
                        ? ""
                        : "; skip " + w.skip() + ", warm-up " + w.warmUp()
                                + (w.measure() == MeasureWindow.ALL ? "" : ", measure " + w.measure()));
    }

    private static String text(Map<Parameter, String> values) {
        return values.entrySet().stream()
                .map(e -> e.getKey().key() + " " + e.getValue())
                .collect(Collectors.joining(", "));
    }

    /** The best point of each trace, for each figure. */
    static Table best(List<Metric> metrics, List<SweepAxes.Panel> traces, List<SweepAxes.Dimension> dimensions) {
        Table table = new Table().text("trace").text("figure").number("value").number(COST);
        dimensions.forEach(d -> column(table, d));
        for (SweepAxes.Panel trace : traces) {
            for (Metric metric : metrics) {
                PointResult best = SweepFront.best(metric, SweepFront.realizable(trace.points()));
                if (best != null) {
                    List<String> cells = new ArrayList<>(List.of(trace.title(), metric.label(), best.text(metric)));
                    end(cells, best, dimensions);
                    table.row(false, cells);
                }
            }
        }
        return table;
    }

    /** Points of the Pareto fronts. */
    static Table front(Metric metric, List<SweepAxes.Panel> traces, List<SweepAxes.Dimension> dimensions, int most) {
        Table table = new Table()
                .text("on the front of")
                .number("point")
                .number(metric.label())
                .number(COST);
        dimensions.forEach(d -> column(table, d));
        traces.stream()
                .flatMap(t -> SweepFront.of(metric, t.points()).stream())
                .limit(most)
                .forEach(r -> {
                    List<String> cells = new ArrayList<>(
                            List.of(r.point().trace(), Digits.of(r.point().number()), r.text(metric)));
                    end(cells, r, dimensions);
                    table.row(false, cells);
                });
        return table;
    }

    /** Points as they come. */
    static Table points(
            List<Metric> metrics, List<SweepAxes.Dimension> dimensions, List<PointResult> points, int most) {
        Table table = new Table().number("point").text("trace");
        metrics.forEach(metric -> table.number(metric.label()));
        table.number(COST);
        dimensions.forEach(d -> column(table, d));
        points.stream().limit(most).forEach(r -> {
            List<String> cells = new ArrayList<>(
                    List.of(Digits.of(r.point().number()), r.point().trace()));
            metrics.forEach(metric -> cells.add(r.text(metric)));
            end(cells, r, dimensions);
            table.row(false, cells);
        });
        return table;
    }

    private static void column(Table table, SweepAxes.Dimension d) {
        if (d.isNumeric()) {
            table.number(d.key());
        } else {
            table.text(d.key());
        }
    }

    private static void end(List<String> cells, PointResult r, List<SweepAxes.Dimension> dimensions) {
        cells.add(Digits.of(r.number(Metric.COST) / SweepCharts.BITS_PER_KIB));
        dimensions.forEach(d -> cells.add(d.text(d.value(r))));
    }
}
