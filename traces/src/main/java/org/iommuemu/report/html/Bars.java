// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import java.util.ArrayList;
import java.util.List;

/** Horizontal bars, under a name for each group: side by side, or one behind the other on one line. */
public final class Bars {
    private static final double NAME = 18;
    private static final double BAR = 14;
    private static final double GAP = 8;
    private static final double LEFT = 8;
    private static final int LONGEST_NAME = 52;

    private final String title;
    private final Axis axis;
    private final boolean stacked;
    private final List<String> parts;
    private final List<Group> groups = new ArrayList<>();

    private record Group(String name, double[] values) {}

    private Bars(String title, Axis axis, boolean stacked, List<String> parts) {
        this.title = title;
        this.axis = axis;
        this.stacked = stacked;
        this.parts = List.copyOf(parts);
    }

    /** A bar for each part, one below the other; where there is one part, its value is written out. */
    public static Bars sideBySide(String title, Axis axis, List<String> parts) {
        return new Bars(title, axis, false, parts);
    }

    /** One bar for all parts of a group. */
    public static Bars stacked(String title, Axis axis, List<String> parts) {
        return new Bars(title, axis, true, parts);
    }

    /** Adds a group: a value of at least 0 for each part. */
    public Bars group(String name, double... values) {
        if (values.length != parts.size()) {
            throw new IllegalArgumentException(values.length + " values, expected " + parts.size());
        }
        groups.add(new Group(name, values.clone()));
        return this;
    }

    /** Writes it. */
    public void into(Markup m) {
        double each = NAME + (stacked ? 1 : parts.size()) * BAR + GAP;
        double bottom = Plot.TOP + groups.size() * each;
        double height = bottom + Plot.BOTTOM;
        Plot.open(m, title, height);
        for (Axis.Tick t : axis.ticks()) {
            String at = Plot.c(x(t.value()));
            m.empty("path", "class", "grid", "d", "M" + at + " " + Plot.c(Plot.TOP) + "V" + Plot.c(bottom));
            m.leaf("text", t.text(), "class", tickClass(t), "x", at, "y", Plot.c(bottom + 15));
        }
        m.leaf("text", axis.title(), "class", "mid title", "x", Plot.c(Plot.WIDTH / 2), "y", Plot.c(height - 6));
        m.newLine();
        double top = Plot.TOP;
        for (Group g : groups) {
            m.open("text", "class", "name", "x", Plot.c(LEFT), "y", Plot.c(top + NAME - 5));
            m.text(shortened(g.name) + (parts.size() == 1 ? ": " + Digits.of(g.values[0]) : ""))
                    .leaf("title", g.name)
                    .close();
            bars(m, g, top + NAME);
            m.newLine();
            top += each;
        }
        List<Plot.Entry> legend = new ArrayList<>();
        for (int p = 0; p < parts.size(); p++) {
            legend.add(new Plot.Entry(parts.get(p), Plot.Shape.AREA, LineChart.style(p)));
        }
        Plot.close(m, legend);
    }

    private void bars(Markup m, Group g, double top) {
        double from = 0;
        for (int p = 0; p < parts.size(); p++) {
            double value = g.values[p];
            if (Double.isFinite(value) && value > 0) {
                double begin = x(from);
                m.open(
                        "rect",
                        "class",
                        "area " + LineChart.style(p),
                        "x",
                        Plot.c(begin),
                        "y",
                        Plot.c(stacked ? top : top + p * BAR),
                        "width",
                        Plot.c(x(from + value) - begin),
                        "height",
                        Plot.c(BAR));
                m.leaf("title", g.name + ", " + parts.get(p) + ": " + Digits.of(value))
                        .close();
                from += stacked ? value : 0;
            }
        }
    }

    private double x(double value) {
        return LEFT + axis.at(value) * (Plot.WIDTH - LEFT - Plot.RIGHT);
    }

    /** The first and the last label keep inside the picture. */
    private String tickClass(Axis.Tick t) {
        return t.value() == axis.low() ? "begin" : t.value() == axis.high() ? "end" : "mid";
    }

    private static String shortened(String name) {
        return name.codePointCount(0, name.length()) <= LONGEST_NAME
                ? name
                : name.substring(0, name.offsetByCodePoints(0, LONGEST_NAME - 1)) + "…";
    }
}
