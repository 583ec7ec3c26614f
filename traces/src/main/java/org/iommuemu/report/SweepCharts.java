// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.report.html.Axis;
import org.iommuemu.report.html.Digits;
import org.iommuemu.report.html.HeatMap;
import org.iommuemu.report.html.LineChart;
import org.iommuemu.report.html.Markup;
import org.iommuemu.sweep.Metric;
import org.iommuemu.sweep.PointResult;
import org.jspecify.annotations.Nullable;

/** The charts of a study and a figure: small multiples with the same axes and shades. */
final class SweepCharts {
    static final double BITS_PER_KIB = 8192;
    /** Series that look different. */
    static final int MOST_LINES = 8;

    static final int MOST_COLUMNS = 40;
    static final int MOST_ROWS = 60;
    static final int MOST_DOTS = 1500;
    private static final int DOMINATED = 6;

    private final Metric metric;
    private final List<SweepAxes.Dimension> dimensions;
    private final double most;

    /** Charts of points that have the figure. */
    SweepCharts(Metric metric, List<SweepAxes.Dimension> dimensions, List<PointResult> points) {
        this.metric = metric;
        this.dimensions = dimensions;
        most = points.stream()
                .mapToDouble(r -> r.number(metric))
                .filter(Double::isFinite)
                .max()
                .orElse(0);
    }

    /** A value for each of both dimensions, that of the best point; not a number where there is none. */
    private double[][] cells(SweepAxes.Dimension x, SweepAxes.Dimension y, List<PointResult> points) {
        double[][] cells = new double[y.values().size()][x.values().size()];
        for (int row = 0; row < cells.length; row++) {
            for (int column = 0; column < cells[row].length; column++) {
                PointResult best = best(points, x, column, y, row);
                cells[row][column] = best == null ? Double.NaN : best.number(metric);
            }
        }
        return cells;
    }

    private @Nullable PointResult best(
            List<PointResult> points, SweepAxes.Dimension x, int column, SweepAxes.@Nullable Dimension y, int row) {
        return SweepFront.best(
                metric,
                points.stream()
                        .filter(r -> x.values().get(column).equals(x.value(r))
                                && (y == null || y.values().get(row).equals(y.value(r))))
                        .toList());
    }

    void heatMaps(Markup m, SweepAxes axes, SweepAxes.Dimension x, SweepAxes.Dimension y) {
        List<double[][]> all =
                axes.panels().stream().map(p -> cells(x, y, p.points())).toList();
        HeatMap.Scale scale = HeatMap.Scale.of(all.stream()
                .flatMap(Arrays::stream)
                .flatMapToDouble(Arrays::stream)
                .toArray());
        int columns = Math.min(MOST_COLUMNS, x.values().size());
        int rows = Math.min(MOST_ROWS, y.values().size());
        m.open("div", "class", "charts maps");
        for (int i = 0; i < all.size(); i++) {
            HeatMap map = new HeatMap(
                    axes.panels().get(i).title(), x.key(), y.key(), x.texts().subList(0, columns), scale);
            for (int row = 0; row < rows; row++) {
                map.row(y.texts().get(row), Arrays.copyOf(all.get(i)[row], columns));
            }
            map.into(m);
        }
        m.close();
        scale.legend(m);
        if (columns < x.values().size() || rows < y.values().size()) {
            m.leaf(
                    "p",
                    "Of " + x.values().size() + " values of " + x.key() + " and "
                            + y.values().size() + " of " + y.key() + ", the first " + columns + " and " + rows + ".");
        }
    }

    void lines(Markup m, SweepAxes axes, SweepAxes.Dimension x, SweepAxes.@Nullable Dimension y) {
        Axis across = x.axis();
        Axis up = Axis.linear(metric.label(), 0, most);
        m.open("div", "class", "charts");
        for (SweepAxes.Panel panel : axes.panels()) {
            LineChart chart = new LineChart(panel.title(), across, up);
            for (int row = 0; row < (y == null ? 1 : y.values().size()); row++) {
                line(chart, panel.points(), x, y, row);
            }
            chart.intoMultiples(m);
        }
        m.close();
        LineChart.legend(m, y == null ? List.of() : y.texts());
    }

    private void line(
            LineChart chart,
            List<PointResult> points,
            SweepAxes.Dimension x,
            SweepAxes.@Nullable Dimension y,
            int row) {
        List<String> labels = new ArrayList<>();
        double[] xs = new double[x.values().size()];
        double[] ys = new double[xs.length];
        for (int i = 0; i < xs.length; i++) {
            PointResult best = best(points, x, i, y, row);
            xs[i] = x.at(i);
            ys[i] = best == null ? Double.NaN : best.number(metric);
            labels.add(best == null ? "" : label(best));
        }
        chart.marked(y == null ? metric.label() : y.texts().get(row), row, xs, ys, labels);
    }

    /** Cost against the figure, for each trace. */
    void fronts(Markup m, List<SweepAxes.Panel> traces) {
        double[] costs = traces.stream()
                .flatMap(t -> t.points().stream())
                .mapToDouble(r -> r.number(Metric.COST) / BITS_PER_KIB)
                .filter(c -> c > 0)
                .toArray();
        Axis across = Axis.logarithmic(
                "storage of the caches, KiB",
                Arrays.stream(costs).min().orElse(1),
                Arrays.stream(costs).max().orElse(1));
        Axis up = Axis.linear(metric.label(), 0, most);
        m.open("div", "class", "charts");
        for (SweepAxes.Panel trace : traces) {
            List<PointResult> front = SweepFront.of(metric, trace.points());
            List<PointResult> others = new ArrayList<>(SweepFront.realizable(trace.points()));
            others.removeAll(front);
            LineChart chart = new LineChart(trace.title(), across, up);
            List<PointResult> shown = evenly(others);
            String left = shown.size() < others.size() ? ", " + shown.size() + " of " + others.size() : "";
            chart.points("dominated" + left, DOMINATED, costs(shown), values(shown), labels(shown));
            chart.marked("front", 0, costs(front), values(front), labels(front));
            chart.into(m);
        }
        m.close();
    }

    /** At most as many as a chart can show. */
    private static List<PointResult> evenly(List<PointResult> points) {
        List<PointResult> kept = new ArrayList<>();
        long most = Math.min(MOST_DOTS, points.size());
        for (long i = 0; i < most; i++) {
            kept.add(points.get((int) (i * points.size() / most)));
        }
        return kept;
    }

    private static double[] costs(List<PointResult> points) {
        return points.stream()
                .mapToDouble(r -> r.number(Metric.COST) / BITS_PER_KIB)
                .toArray();
    }

    private double[] values(List<PointResult> points) {
        return points.stream().mapToDouble(r -> r.number(metric)).toArray();
    }

    private List<String> labels(List<PointResult> points) {
        return points.stream().map(this::label).toList();
    }

    /** What a mark says. */
    private String label(PointResult r) {
        StringBuilder text = new StringBuilder();
        dimensions.forEach(
                d -> text.append(d.key()).append(' ').append(d.text(d.value(r))).append(", "));
        return text + Digits.of(r.number(Metric.COST) / BITS_PER_KIB) + " KiB: " + r.text(metric);
    }
}
