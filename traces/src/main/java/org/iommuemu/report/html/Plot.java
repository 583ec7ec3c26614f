// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import java.util.List;

/** The frame of a chart: a figure with its title and legend around an SVG picture, and two axes with their grid. */
final class Plot {
    static final double WIDTH = 400;
    static final double HEIGHT = 250;
    static final double LEFT = 70;
    static final double RIGHT = 24;
    static final double TOP = 10;
    static final double BOTTOM = 44;
    /** How many series look different. */
    static final int STYLES = 8;

    private static final double TICK = 4;
    private static final double BELOW_TICK = 17;
    private static final double BASELINE = 4;

    private final Axis x;
    private final Axis y;

    Plot(Axis x, Axis y) {
        this.x = x;
        this.y = y;
    }

    /** Where a value of the horizontal axis stands. */
    double x(double value) {
        return LEFT + x.at(value) * (WIDTH - LEFT - RIGHT);
    }

    /** Where a value of the vertical axis stands. */
    double y(double value) {
        return HEIGHT - BOTTOM - y.at(value) * (HEIGHT - TOP - BOTTOM);
    }

    /** Grid, ticks and titles of the axes. */
    void axes(Markup m) {
        for (Axis.Tick t : y.ticks()) {
            String at = Digits.coordinate(y(t.value()));
            m.empty("path", "class", "grid", "d", "M" + c(LEFT) + " " + at + "H" + c(WIDTH - RIGHT));
            m.leaf("text", t.text(), "class", "end", "x", c(LEFT - 2 * TICK), "y", c(y(t.value()) + BASELINE));
        }
        for (Axis.Tick t : x.ticks()) {
            String at = c(x(t.value()));
            m.empty("path", "class", "axis", "d", "M" + at + " " + c(HEIGHT - BOTTOM) + "v" + c(TICK));
            m.leaf("text", t.text(), "class", "mid", "x", at, "y", c(HEIGHT - BOTTOM + BELOW_TICK));
        }
        m.empty(
                "path",
                "class",
                "axis",
                "d",
                "M" + c(LEFT) + " " + c(TOP) + "V" + c(HEIGHT - BOTTOM) + "H" + c(WIDTH - RIGHT));
        m.leaf("text", x.title(), "class", "mid title", "x", c((LEFT + WIDTH - RIGHT) / 2), "y", c(HEIGHT - 6));
        String middle = c((TOP + HEIGHT - BOTTOM) / 2);
        m.leaf(
                "text",
                y.title(),
                "class",
                "mid title",
                "x",
                "12",
                "y",
                middle,
                "transform",
                "rotate(-90 12 " + middle + ")");
        m.newLine();
    }

    /** Begins a figure. */
    static void open(Markup m, String title, double height) {
        m.open("figure").leaf("figcaption", title).newLine();
        m.open("svg", "viewBox", "0 0 " + c(WIDTH) + " " + c(height), "role", "img", "aria-label", title)
                .newLine();
    }

    /** Ends it, with what each of its marks stands for. */
    static void close(Markup m, List<Entry> legend) {
        m.close().newLine();
        legend(m, legend);
        m.close().newLine();
    }

    /** Writes what marks stand for, if there is more than one. */
    static void legend(Markup m, List<Entry> legend) {
        if (legend.size() > 1) {
            m.open("ul", "class", "legend");
            for (Entry e : legend) {
                m.open("li").open("svg", "viewBox", "0 0 24 12", "aria-hidden", "true");
                e.shape().sample(m, e.style());
                m.close().text(e.name()).close();
            }
            m.close().newLine();
        }
    }

    static String c(double coordinate) {
        return Digits.coordinate(coordinate);
    }

    /** A line of a legend. */
    record Entry(String name, Shape shape, String style) {}

    /** How something is drawn. */
    enum Shape {
        /** Joined. */
        LINE {
            @Override
            void sample(Markup m, String style) {
                m.empty("path", "class", "line " + style, "d", "M0 6H24");
            }
        },
        /** Single. */
        POINTS {
            @Override
            void sample(Markup m, String style) {
                m.empty("circle", "class", "dot " + style, "cx", "12", "cy", "6", "r", "3.5");
            }
        },
        /** Filled. */
        AREA {
            @Override
            void sample(Markup m, String style) {
                m.empty("rect", "class", "area " + style, "x", "2", "y", "0", "width", "20", "height", "12");
            }
        };

        abstract void sample(Markup m, String style);
    }
}
