// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.iommuemu.experiment.Experiment;
import org.iommuemu.experiment.Point;
import org.iommuemu.experiment.Series;
import org.iommuemu.experiment.Tolerance;
import org.iommuemu.preset.Presets;
import org.iommuemu.report.html.Axis;
import org.iommuemu.report.html.Bars;
import org.iommuemu.report.html.Digits;
import org.iommuemu.report.html.LineChart;
import org.iommuemu.report.html.Markup;
import org.iommuemu.report.html.Page;
import org.iommuemu.report.html.Table;

/** Comparisons of experiments as a page: a summary, the model over the measurement for each series, every point, and the presets. */
public final class ExperimentHtml {
    private static final int DECIMALS = 2;
    private static final int FEW = 15;

    private ExperimentHtml() {}

    /** The document. */
    public static String of(Map<Experiment, List<Series>> results) {
        return Page.of("The model against published measurements", m -> {
            summary(m, results);
            results.forEach((e, series) -> experiment(m, e, series));
            presets(m, results.values());
        });
    }

    private static boolean holds(List<Series> series) {
        return series.stream().allMatch(Series::holds);
    }

    private static void summary(Markup m, Map<Experiment, List<Series>> results) {
        long within = results.values().stream().filter(ExperimentHtml::holds).count();
        VerdictHtml.into(
                m, within == results.size(), within + " of " + results.size() + " experiments within tolerance");
        Table table = new Table()
                .text("experiment")
                .text("what")
                .number("series")
                .number("within")
                .number("points")
                .text("largest error");
        results.forEach((e, series) -> table.row(
                !holds(series),
                List.of(
                        e.id(),
                        e.title(),
                        Digits.of(series.size()),
                        Digits.of(series.stream().filter(Series::holds).count()),
                        Digits.of(series.stream()
                                .mapToLong(s -> s.points().size())
                                .sum()),
                        largest(series))));
        table.into(m);
    }

    /** Errors of different units do not compare: the largest share of what is allowed. */
    private static String largest(List<Series> series) {
        return series.stream()
                .max((a, b) -> Double.compare(used(a), used(b)))
                .map(s -> s.tolerance().shown(s.tolerance().mostOf(s.points()))
                        + unit(s)
                        + " of "
                        + s.tolerance().shown(s.tolerance().any())
                        + unit(s)
                        + ", "
                        + s.name())
                .orElse("nothing to compare");
    }

    private static double used(Series s) {
        double most = s.tolerance().mostOf(s.points());
        return most == 0 ? 0 : most / s.tolerance().any();
    }

    private static String unit(Series s) {
        return s.tolerance().relative() ? "" : " " + s.unit();
    }

    private static void experiment(Markup m, Experiment e, List<Series> series) {
        m.leaf("h2", e.id() + ": " + e.title(), "id", e.id());
        if (series.isEmpty()) {
            m.leaf("p", "Nothing to compare: the data have no system that a preset stands for.");
            return;
        }
        VerdictHtml.into(
                m,
                holds(series),
                series.stream().filter(Series::holds).count() + " of " + series.size() + " series within tolerance");
        plots(m, e, series);
        fewOrFolded(m, verdicts(series), series.size(), "Every series of " + e.id());
        Table points = points(series, e.across());
        fewOrFolded(m, points, series.stream().mapToInt(s -> s.points().size()).sum(), "Every point of " + e.id());
    }

    private static void fewOrFolded(Markup m, Table table, int rows, String summary) {
        if (rows <= FEW) {
            m.leaf("h3", summary);
            table.into(m);
        } else {
            table.folded(m, summary);
        }
    }

    private static Table verdicts(List<Series> series) {
        Table table = new Table()
                .text("series")
                .text("unit")
                .number("mean error")
                .number("largest error")
                .text("tolerance")
                .text("verdict")
                .text("preset");
        for (Series s : series) {
            Tolerance t = s.tolerance();
            table.row(
                    !s.holds(),
                    List.of(
                            s.name(),
                            s.unit(),
                            t.shown(t.meanOf(s.points())),
                            t.shown(t.mostOf(s.points())),
                            t.text(),
                            s.holds() ? "within" : "OUT",
                            s.preset().equals(Series.NO_PRESET) ? "none" : s.preset()));
        }
        return table;
    }

    private static Table points(List<Series> series, String across) {
        Table table = new Table()
                .text("series")
                .text(across)
                .number("measured")
                .number("model")
                .text("unit")
                .number("error")
                .number("allowed")
                .text("verdict");
        for (Series s : series) {
            Tolerance t = s.tolerance();
            for (Point p : s.points()) {
                table.row(
                        !t.holds(p),
                        List.of(
                                s.name(),
                                p.at().text(),
                                Digits.fixed(p.measured(), DECIMALS),
                                Digits.fixed(p.model(), DECIMALS),
                                s.unit(),
                                t.shown(t.errorOf(p)),
                                t.shown(t.any()),
                                t.holds(p) ? "within" : "OUT"));
            }
        }
        return table;
    }

    private static void plots(Markup m, Experiment e, List<Series> series) {
        List<Series> curves = series.stream()
                .filter(s -> s.points().size() > 1 && s.points().stream().allMatch(p -> p.at().isOnAxis()))
                .toList();
        if (!curves.isEmpty()) {
            m.open("div", "class", "charts");
            curves.forEach(s -> curve(m, e, s));
            m.close();
        } else if (isOneEach(series)) {
            m.open("div", "class", "charts");
            bars(m, series);
            m.close();
        }
    }

    private static boolean isOneEach(List<Series> series) {
        return series.size() > 1
                && series.stream().allMatch(s -> s.points().size() == 1)
                && series.stream().map(Series::unit).distinct().count() == 1;
    }

    private static void curve(Markup m, Experiment e, Series s) {
        double[] at = each(s, p -> p.at().value());
        double[] measured = each(s, Point::measured);
        double[] model = each(s, Point::model);
        Tolerance t = s.tolerance();
        double[] low = each(s, p -> Math.max(0, t.lowest(p)));
        double[] high = each(s, t::highest);
        new LineChart(
                        s.name(),
                        Axis.bytes(e.across(), least(at), most(at)),
                        Axis.linear(s.unit(), 0, Math.max(most(high), most(model))))
                .band("allowed at a point", 1, at, low, high)
                .line("model", 0, at, model)
                .points("measured", 1, at, measured)
                .into(m);
    }

    private static void bars(Markup m, List<Series> series) {
        double top = series.stream()
                .flatMap(s -> s.points().stream())
                .mapToDouble(p -> Math.max(p.measured(), p.model()))
                .max()
                .orElse(0);
        Bars bars = Bars.sideBySide(
                "measured and model", Axis.linear(series.get(0).unit(), 0, top), List.of("measured", "model"));
        for (Series s : series) {
            bars.group(s.name(), s.points().get(0).measured(), s.points().get(0).model());
        }
        bars.into(m);
    }

    private static double[] each(Series s, ToDoubleFunction<Point> of) {
        return s.points().stream().mapToDouble(of).toArray();
    }

    private static double least(double[] values) {
        return Arrays.stream(values).min().orElse(0);
    }

    private static double most(double[] values) {
        return Arrays.stream(values).max().orElse(0);
    }

    private static void presets(Markup m, Collection<List<Series>> results) {
        List<String> names = results.stream()
                .flatMap(List::stream)
                .map(Series::preset)
                .filter(p -> !p.equals(Series.NO_PRESET))
                .distinct()
                .toList();
        if (names.isEmpty()) {
            return;
        }
        m.leaf("h2", "Presets");
        m.leaf("p", "Every value that these machines were run with, and where it comes from.");
        names.forEach(n -> SettingsHtml.folded(m, Presets.named(n)));
    }
}
