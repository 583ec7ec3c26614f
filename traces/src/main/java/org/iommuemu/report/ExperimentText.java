// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.List;
import java.util.Locale;
import org.iommuemu.experiment.Experiment;
import org.iommuemu.experiment.Point;
import org.iommuemu.experiment.Series;
import org.iommuemu.experiment.Tolerance;

/** An experiment's comparison as text: every point, and a verdict. */
public final class ExperimentText {
    private ExperimentText() {}

    /** The lines, each with its end. */
    public static String of(Experiment experiment, List<Series> series) {
        StringBuilder text = new StringBuilder(experiment.id() + "  " + experiment.title() + "\n");
        if (series.isEmpty()) {
            text.append("  nothing to compare: the data have no system that a preset stands for\n");
        }
        for (Series s : series) {
            text.append(of(s));
        }
        return text.append(experiment.id() + "  " + verdict(series) + "\n").toString();
    }

    private static String verdict(List<Series> series) {
        long within = series.stream().filter(Series::holds).count();
        return within + " of " + series.size() + " series within tolerance";
    }

    private static String of(Series s) {
        Tolerance t = s.tolerance();
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "  %s, %s: mean %s, most %s; tolerance %s: %s%n",
                s.name(),
                s.unit(),
                t.shown(t.meanOf(s.points())),
                t.shown(t.mostOf(s.points())),
                t.text(),
                s.holds() ? "within" : "OUT"));
        for (Point p : s.points()) {
            text.append(String.format(
                    Locale.ROOT,
                    "    %-14s measured %9.2f  model %9.2f  error %8s%s%n",
                    p.at().text(),
                    p.measured(),
                    p.model(),
                    t.shown(t.errorOf(p)),
                    t.holds(p) ? "" : "  OUT"));
        }
        return text.toString().replace(System.lineSeparator(), "\n");
    }
}
