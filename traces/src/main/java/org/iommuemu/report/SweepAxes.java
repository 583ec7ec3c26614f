// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.iommuemu.preset.Parameter;
import org.iommuemu.report.html.Axis;
import org.iommuemu.sweep.PointResult;
import org.iommuemu.sweep.Sweep;
import org.iommuemu.sweep.SweepPoint;
import org.jspecify.annotations.Nullable;

/**
 * How a study is laid out: what stands on the axes of its charts, and which charts stand side by side, one for each trace and, as long
 * as they are not too many, for each value of what is on no axis. Numbers go on the horizontal axis, those with the most values first;
 * names make series.
 *
 * @param x the horizontal axis, or null if nothing varies
 * @param y series of lines and rows of heat maps, or null if nothing else varies
 * @param panels the charts
 * @param folded what varies within a mark, which then stands for the best point
 * @param leftOut panels that are not drawn
 */
record SweepAxes(
        @Nullable Dimension x, @Nullable Dimension y, List<Panel> panels, List<Dimension> folded, int leftOut) {
    static final String X = "x";
    static final String Y = "y";
    static final String PRESET = "preset";
    static final int MOST_PANELS = 24;

    /** Points that share a chart. */
    record Panel(String title, List<PointResult> points) {}

    /**
     * Something that varies.
     *
     * @param key of a parameter, or {@link #PRESET}
     * @param values that points have: numbers upwards, names as they come
     */
    record Dimension(String key, List<String> values) {
        static Dimension of(String key, List<PointResult> points) {
            List<String> values = new ArrayList<>(new LinkedHashSet<>(
                    points.stream().map(r -> value(key, r.point())).toList()));
            if (isNumeric(values)) {
                values.sort(Comparator.comparing(BigDecimal::new));
                if (isWays(key) && values.get(0).equals("0")) {
                    Collections.rotate(values, -1);
                }
            }
            return new Dimension(key, List.copyOf(values));
        }

        private static String value(String key, SweepPoint p) {
            Parameter parameter = Parameter.of(key);
            return parameter == null ? p.preset() : p.settings().text(parameter);
        }

        private static boolean isNumeric(List<String> values) {
            return values.stream().allMatch(v -> v.matches("-?[0-9]+(\\.[0-9]+)?"));
        }

        /** Whose 0 means all entries. */
        private static boolean isWays(String key) {
            return key.endsWith(".ways");
        }

        boolean isNumeric() {
            return isNumeric(values);
        }

        /** Whether values stand where they are, and not only one behind the other. */
        private boolean isScale() {
            return isNumeric() && values.stream().allMatch(v -> new BigDecimal(v).signum() > 0);
        }

        String value(PointResult r) {
            return value(key, r.point());
        }

        /** A value for people. */
        String text(String value) {
            return isWays(key) && value.equals("0") ? "all" : value;
        }

        List<String> texts() {
            return values.stream().map(this::text).toList();
        }

        Axis axis() {
            return isScale()
                    ? Axis.marks(
                            key,
                            values.stream().mapToDouble(Double::parseDouble).toArray())
                    : Axis.names(key, texts());
        }

        /** Where a value stands on the axis. */
        double at(int index) {
            return isScale() ? Double.parseDouble(values.get(index)) : index;
        }
    }

    /** Lays a study out. */
    static SweepAxes of(Sweep sweep, List<PointResult> points) {
        List<Dimension> rest = new ArrayList<>(dimensions(sweep, points));
        Dimension x = take(rest, asked(sweep, X), greatest(true));
        Dimension y = take(rest, asked(sweep, Y), greatest(false));
        List<Panel> panels = split("", points, r -> r.point().trace());
        List<Dimension> folded = new ArrayList<>();
        for (Dimension d : rest) {
            if (panels.size() * d.values().size() > MOST_PANELS) {
                folded.add(d);
                continue;
            }
            List<Panel> finer = new ArrayList<>();
            for (Panel p : panels) {
                finer.addAll(split(p.title() + ", ", p.points(), r -> d.key() + " " + d.text(d.value(r))));
            }
            panels = finer;
        }
        List<Panel> drawn = panels.subList(0, Math.min(MOST_PANELS, panels.size()));
        return new SweepAxes(x, y, List.copyOf(drawn), folded, panels.size() - drawn.size());
    }

    /** What varies in a study, in the order of its file. */
    static List<Dimension> dimensions(Sweep sweep, List<PointResult> points) {
        List<String> keys = new ArrayList<>(List.of(PRESET));
        sweep.varied().forEach(p -> keys.add(p.key()));
        return keys.stream()
                .map(key -> Dimension.of(key, points))
                .filter(d -> d.values().size() > 1)
                .toList();
    }

    private static String asked(Sweep sweep, String axis) {
        List<String> words = sweep.report().getOrDefault(axis, List.of());
        return words.isEmpty() ? "" : words.get(0);
    }

    private static Comparator<Dimension> greatest(boolean numbersFirst) {
        return Comparator.comparing((Dimension d) -> d.isNumeric() == numbersFirst)
                .thenComparing(d -> d.values().size());
    }

    /** The dimension that was asked for, or else the greatest; of equal ones the first. */
    private static @Nullable Dimension take(List<Dimension> rest, String asked, Comparator<Dimension> order) {
        Dimension taken = null;
        for (Dimension d : rest) {
            if (d.key().equals(asked)) {
                taken = d;
                break;
            }
            if (taken == null || order.compare(d, taken) > 0) {
                taken = d;
            }
        }
        if (taken != null) {
            rest.remove(taken);
        }
        return taken;
    }

    /** Splits points by what they are called, in the order in which the names come. */
    private static List<Panel> split(String prefix, List<PointResult> points, Function<PointResult, String> name) {
        Map<String, List<PointResult>> byName = new LinkedHashMap<>();
        points.forEach(r ->
                byName.computeIfAbsent(name.apply(r), n -> new ArrayList<>()).add(r));
        return byName.entrySet().stream()
                .map(e -> new Panel(prefix + e.getKey(), e.getValue()))
                .toList();
    }
}
