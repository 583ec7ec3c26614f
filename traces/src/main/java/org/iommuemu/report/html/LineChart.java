// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Values over values: lines, single points, and bands between two values, in the order in which they were added. What is no finite number
 * leaves a gap. Every point says its values when it is pointed at.
 */
public final class LineChart {
    private static final String RADIUS = "3.5";

    private final String title;
    private final Axis x;
    private final Axis y;
    private final Plot plot;
    private final List<Curve> curves = new ArrayList<>();

    private record Curve(
            String name,
            Plot.Shape shape,
            String style,
            double[] x,
            double[] low,
            double[] high,
            @Nullable List<String> labels) {
        Curve(String name, Plot.Shape shape, String style, double[] x, double[] low, double[] high) {
            this(name, shape, style, x, low, high, null);
        }
    }

    /** An empty chart. */
    public LineChart(String title, Axis x, Axis y) {
        this.title = title;
        this.x = x;
        this.y = y;
        plot = new Plot(x, y);
    }

    /** Adds points joined by a line, in the style of a number from 0 on; styles differ in colour and in dashes. */
    public LineChart line(String name, int style, double[] xs, double[] ys) {
        return add(new Curve(name, Plot.Shape.LINE, style(style), xs, ys, ys));
    }

    /** Adds single points. */
    public LineChart points(String name, int style, double[] xs, double[] ys) {
        return add(new Curve(name, Plot.Shape.POINTS, style(style), xs, ys, ys));
    }

    /** Adds points joined by a line, each with a dot that says its label when it is pointed at. */
    public LineChart marked(String name, int style, double[] xs, double[] ys, List<String> labels) {
        return add(new Curve(name, Plot.Shape.LINE, style(style), xs, ys, ys, labels));
    }

    /** Adds single points with labels. */
    public LineChart points(String name, int style, double[] xs, double[] ys, List<String> labels) {
        return add(new Curve(name, Plot.Shape.POINTS, style(style), xs, ys, ys, labels));
    }

    /** Adds an area between two values. */
    public LineChart area(String name, int style, double[] xs, double[] lows, double[] highs) {
        return add(new Curve(name, Plot.Shape.AREA, style(style), xs, lows, highs));
    }

    /** Adds an area between two values that lets what is behind it shine through. */
    public LineChart band(String name, int style, double[] xs, double[] lows, double[] highs) {
        return add(new Curve(name, Plot.Shape.AREA, "band " + style(style), xs, lows, highs));
    }

    private LineChart add(Curve c) {
        if (c.x.length != c.low.length
                || c.x.length != c.high.length
                || c.labels != null && c.labels.size() != c.x.length) {
            throw new IllegalArgumentException("as many x as y expected of " + c.name);
        }
        curves.add(c);
        return this;
    }

    static String style(int number) {
        return "s" + number % Plot.STYLES;
    }

    /** Writes it, with its legend. */
    public void into(Markup m) {
        draw(m);
        Plot.close(
                m,
                curves.stream()
                        .map(c -> new Plot.Entry(c.name, c.shape, c.style))
                        .toList());
    }

    /** Writes it as one of many that share {@link #legend a legend}. */
    public void intoMultiples(Markup m) {
        draw(m);
        Plot.close(m, List.of());
    }

    /** Writes what lines stand for: a name for each style from 0 on. */
    public static void legend(Markup m, List<String> names) {
        List<Plot.Entry> entries = new ArrayList<>();
        for (String name : names) {
            entries.add(new Plot.Entry(name, Plot.Shape.LINE, style(entries.size())));
        }
        Plot.legend(m, entries);
    }

    private void draw(Markup m) {
        Plot.open(m, title, Plot.HEIGHT);
        plot.axes(m);
        for (Curve c : curves) {
            switch (c.shape) {
                case AREA -> area(m, c);
                case LINE -> {
                    line(m, c);
                    if (c.labels != null) {
                        points(m, c);
                    }
                }
                case POINTS -> points(m, c);
            }
            m.newLine();
        }
    }

    private void area(Markup m, Curve c) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < c.x.length; i++) {
            int begin = i;
            while (i < c.x.length && isDrawn(c, i)) {
                path.append(i == begin ? 'M' : 'L').append(at(c.x[i], c.high[i]));
                i++;
            }
            for (int back = i - 1; back >= begin; back--) {
                path.append('L').append(at(c.x[back], c.low[back]));
            }
            path.append(i > begin ? "Z" : "");
        }
        if (path.length() > 0) {
            m.open("path", "class", "area " + c.style, "d", path.toString());
            m.leaf("title", c.name).close();
        }
    }

    private void line(Markup m, Curve c) {
        StringBuilder path = new StringBuilder();
        boolean begun = false;
        for (int i = 0; i < c.x.length; i++) {
            boolean drawn = isDrawn(c, i);
            if (drawn) {
                path.append(begun ? 'L' : 'M').append(at(c.x[i], c.low[i]));
            }
            if (drawn && !begun && (i + 1 == c.x.length || !isDrawn(c, i + 1))) {
                path.append("h0"); // a dot, where no neighbour is
            }
            begun = drawn;
        }
        if (path.length() > 0) {
            m.open("path", "class", "line " + c.style, "d", path.toString());
            m.leaf("title", c.name).close();
        }
    }

    private void points(Markup m, Curve c) {
        for (int i = 0; i < c.x.length; i++) {
            if (isDrawn(c, i)) {
                m.open(
                        "circle",
                        "class",
                        "dot " + c.style,
                        "cx",
                        Plot.c(plot.x(c.x[i])),
                        "cy",
                        Plot.c(plot.y(c.low[i])),
                        "r",
                        RADIUS);
                m.leaf("title", c.labels != null ? c.labels.get(i) : label(c, i))
                        .close();
            }
        }
    }

    private String label(Curve c, int i) {
        return c.name + ": " + Digits.of(c.low[i]) + " (" + y.title() + ") at " + x.text(c.x[i]);
    }

    private String at(double xValue, double yValue) {
        return Plot.c(plot.x(xValue)) + " " + Plot.c(plot.y(yValue));
    }

    private static boolean isDrawn(Curve c, int i) {
        return Double.isFinite(c.x[i]) && Double.isFinite(c.low[i]) && Double.isFinite(c.high[i]);
    }
}
