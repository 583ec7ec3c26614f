// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Results as CSV (RFC 4180 with line feeds): a row for each point. The columns depend on the plan alone. */
public final class SweepCsv {
    private static final List<String> FIRST = List.of("point", "id", "sweep", "trace", "preset");
    private static final String ERROR = "error";

    private SweepCsv() {}

    /** The whole file. */
    public static String of(SweepResults results) {
        StringBuilder out = new StringBuilder(line(header(results.plan())));
        results.results().forEach(r -> out.append(line(row(results.plan(), r))));
        return out.toString();
    }

    /** Names of the columns. */
    public static List<String> header(SweepPlan plan) {
        List<String> names = new ArrayList<>(FIRST);
        names.addAll(plan.varied());
        Arrays.stream(Metric.values()).map(Metric::label).forEach(names::add);
        names.add(ERROR);
        return names;
    }

    /** The values of a point, as many as there are columns; empty where it has none. */
    public static List<String> row(SweepPlan plan, PointResult r) {
        SweepPoint p = r.point();
        List<String> values =
                new ArrayList<>(List.of(Integer.toString(p.number()), p.id(), p.sweep(), p.trace(), p.preset()));
        plan.varied().forEach(key -> values.add(p.varied().getOrDefault(key, "")));
        Arrays.stream(Metric.values()).map(r::text).forEach(values::add);
        values.add(r.failure() == null ? "" : r.failure());
        return values;
    }

    /** Values as a line, with its end. */
    public static String line(List<String> values) {
        return values.stream().map(SweepCsv::quoted).collect(Collectors.joining(",", "", "\n"));
    }

    private static String quoted(String value) {
        return value.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r')
                ? '"' + value.replace("\"", "\"\"") + '"'
                : value;
    }
}
