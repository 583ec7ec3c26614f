// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks.result;

import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;

/**
 * One row of results: a benchmark with its parameters.
 *
 * @param benchmark class and method, without the package
 * @param parameters by name
 * @param score the mean
 * @param error half of its 99.9 % confidence interval; NaN where there is none
 * @param unit as JMH writes it: {@code ns/op}, {@code ops/us}
 * @param allocated bytes allocated for one operation; NaN if not measured
 */
record Row(
        String benchmark,
        SortedMap<String, String> parameters,
        double score,
        double error,
        String unit,
        double allocated) {
    private static final Map<String, Double> NANOS =
            Map.of("ns", 1.0, "us", 1e3, "ms", 1e6, "s", 1e9, "min", 60e9, "hr", 3600e9, "day", 86400e9);

    /** Whether a unit can be turned into time. */
    static boolean isKnown(String unit) {
        String[] parts = unit.split("/", -1);
        return parts.length == 2
                && (parts[0].equals("ops") && NANOS.containsKey(parts[1])
                        || parts[1].equals("op") && NANOS.containsKey(parts[0]));
    }

    /** Benchmark and parameters: what names a row. */
    String key() {
        return parameters.isEmpty() ? benchmark : benchmark + " " + parametersText();
    }

    /** {@code name=value}, by name. */
    String parametersText() {
        return parameters.entrySet().stream()
                .map(e -> e.getKey() + "=" + e.getValue())
                .collect(Collectors.joining(" "));
    }

    /** Whether the score is of operations in a time, so that more is better. */
    boolean isThroughput() {
        return unit.startsWith("ops/");
    }

    /** Time of one operation in ns. */
    double nanos() {
        String[] parts = unit.split("/", -1);
        return isThroughput() ? nanosOf(parts[1]) / score : score * nanosOf(parts[0]);
    }

    private static double nanosOf(String unit) {
        Double nanos = NANOS.get(unit);
        if (nanos == null) {
            throw new IllegalStateException("unit " + unit);
        }
        return nanos;
    }

    /** Error as a part of the score; NaN where there is none. */
    double relativeError() {
        return error / score;
    }

    /** Score and error. */
    String scoreText() {
        String mean = significant(score);
        int point = mean.indexOf('.');
        int decimals = point < 0 ? 0 : mean.length() - point - 1;
        return Double.isNaN(error) ? mean : mean + " ± " + String.format(Locale.ROOT, "%." + decimals + "f", error);
    }

    /** Three digits or more, plainly. */
    static String significant(double value) {
        int decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
