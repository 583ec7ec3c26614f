// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.capture.InputException;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.jspecify.annotations.Nullable;

/** Reads one study of a {@link SweepFile}, on top of what all of them share. */
final class SweepReader {
    static final String SWEEPS = "sweeps";
    static final String TRACES = "traces";

    private static final String KEYS = "name, traces, presets, timed, closed-loop, skip, warm-up, measure, set,"
            + " parameters, sample, points, report";
    private static final int MOST_OUTSTANDING = 1 << 20;
    private static final long MOST_ACCESSES = 1L << 60;

    private final TraceReferences references;
    private final boolean shares;
    private String name;
    private List<String> traces = List.of();
    private List<String> presets = List.of(Sweep.NO_PRESET);
    private boolean timed;
    private @Nullable YamlNode onlyTimed;
    private int outstanding;
    private long skip;
    private long warmUp;
    private long measure = MeasureWindow.ALL;
    private final Map<Parameter, String> fixed = new LinkedHashMap<>();
    private final Map<Parameter, List<String>> grid = new LinkedHashMap<>();
    private Sweep.@Nullable Sample sample;
    private final List<Map<Parameter, String>> points = new ArrayList<>();
    private Map<String, List<String>> report = Map.of();

    SweepReader(TraceReferences references, @Nullable SweepReader shared, String name) {
        this.references = references;
        this.name = name;
        shares = shared != null;
        if (shared != null) {
            traces = shared.traces;
            presets = shared.presets;
            timed = shared.timed;
            outstanding = shared.outstanding;
            skip = shared.skip;
            warmUp = shared.warmUp;
            measure = shared.measure;
            fixed.putAll(shared.fixed);
            report = shared.report;
        }
    }

    /**
     * Reads the keys of a study.
     *
     * @param whole whether it is one, and not only what studies share
     */
    void read(YamlNode root, boolean whole) {
        for (Map.Entry<String, YamlNode> e : root.map("a sweep").entrySet()) {
            YamlNode value = e.getValue();
            switch (e.getKey()) {
                case "name" -> name = value.scalar("name");
                case TRACES -> traces = references.read(value);
                case "presets" -> presets = presets(value);
                case "timed" -> timed = value.truth("timed");
                case "closed-loop" -> {
                    outstanding = Math.toIntExact(value.number("closed-loop", 1, MOST_OUTSTANDING));
                    onlyTimed = value;
                }
                case "skip" -> {
                    skip = value.number("skip", 0, MOST_ACCESSES);
                    onlyTimed = value;
                }
                case "warm-up" -> {
                    warmUp = value.number("warm-up", 0, MOST_ACCESSES);
                    onlyTimed = value;
                }
                case "measure" -> {
                    measure = value.number("measure", 1, MOST_ACCESSES);
                    onlyTimed = value;
                }
                case "set" -> fixed.putAll(Values.of(value, "set"));
                case "report" -> report = report(value);
                case "parameters", "sample", "points" -> varied(e.getKey(), value, whole);
                default -> {
                    if (shares || !e.getKey().equals(SWEEPS)) {
                        throw value.wrong(
                                "unknown key '" + e.getKey() + "'", "one of " + KEYS + (shares ? "" : ", sweeps"));
                    }
                }
            }
        }
    }

    private void varied(String key, YamlNode value, boolean whole) {
        if (!whole) {
            throw value.wrong("'" + key + "' beside 'sweeps'", "it in each of them");
        }
        switch (key) {
            case "parameters" ->
                value.map(key).forEach((k, v) -> {
                    Parameter p = Values.parameter(k, v);
                    grid.put(p, Values.list(p, v));
                });
            case "points" -> value.list(key).forEach(v -> points.add(Values.of(v, "a point")));
            default -> sample = sample(value);
        }
        if (key.equals("parameters") && grid.isEmpty()) {
            throw value.wrong("'parameters' is empty", "keys with lists of values, or no such key");
        }
    }

    private static Sweep.Sample sample(YamlNode node) {
        long seed = 1;
        long count = 0;
        for (Map.Entry<String, YamlNode> e : node.map("sample").entrySet()) {
            switch (e.getKey()) {
                case "points" -> count = e.getValue().number("points", 1, Integer.MAX_VALUE);
                case "seed" -> seed = e.getValue().number("seed", Long.MIN_VALUE, Long.MAX_VALUE);
                default -> throw e.getValue().wrong("unknown key '" + e.getKey() + "' of sample", "points, seed");
            }
        }
        if (count == 0) {
            throw node.wrong("'sample' says not how many points", "points, seed");
        }
        return new Sweep.Sample(count, seed);
    }

    private static List<String> presets(YamlNode node) {
        List<String> names = new ArrayList<>();
        for (YamlNode element : node.list("presets")) {
            String preset = element.scalar("presets");
            if (!preset.equals(Sweep.NO_PRESET) && !Presets.names().contains(preset)) {
                throw element.wrong(
                        "unknown preset '" + preset + "'", "none, or one of " + String.join(", ", Presets.names()));
            }
            if (names.contains(preset)) {
                throw element.wrong("preset '" + preset + "' is there twice", "each once");
            }
            names.add(preset);
        }
        return names;
    }

    private static Map<String, List<String>> report(YamlNode node) {
        Map<String, List<String>> asked = new LinkedHashMap<>();
        node.map("report").forEach((key, value) -> {
            List<String> words = new ArrayList<>();
            if (value.isScalar()) {
                words.add(value.scalar(key));
            } else {
                value.list(key).forEach(v -> words.add(v.scalar(key)));
            }
            check(key, words, value);
            asked.put(key, words);
        });
        return asked;
    }

    private static void check(String key, List<String> words, YamlNode value) {
        boolean figures = key.equals("metrics");
        if (!figures && !key.equals("x") && !key.equals("y")) {
            throw value.wrong("unknown key '" + key + "' of report", "metrics, x, y");
        }
        for (String word : words) {
            if (figures && Metric.of(word) == null) {
                throw value.wrong("'" + word + "' is no column of the results", "one like iotlb_miss_ratio");
            }
            if (!figures && !word.equals("preset")) {
                Values.parameter(word, value);
            }
        }
    }

    /** The study, when all is read. */
    Sweep sweep(YamlNode node) {
        if (name.isEmpty()) {
            throw node.wrong("a sweep without a name", "name: one for each");
        }
        if (traces.isEmpty()) {
            throw node.wrong("a sweep without traces", "traces: a list");
        }
        if (!timed && onlyTimed != null) {
            throw onlyTimed.wrong("closed-loop, skip, warm-up or measure without time", "timed: true with it");
        }
        if (sample != null && grid.isEmpty()) {
            throw node.wrong("'sample' without 'parameters'", "a grid to take it from");
        }
        return new Sweep(
                name,
                traces,
                presets,
                timed,
                timed ? outstanding : 0,
                window(node),
                fixed,
                grid,
                sample,
                points,
                report);
    }

    private MeasureWindow window(YamlNode node) {
        if (!timed) {
            return MeasureWindow.EVERYTHING;
        }
        try {
            return new MeasureWindow(skip, warmUp, measure);
        } catch (IllegalArgumentException e) {
            InputException wrong = node.wrong(String.valueOf(e.getMessage()), "a window that a trace can have");
            wrong.initCause(e);
            throw wrong;
        }
    }
}
