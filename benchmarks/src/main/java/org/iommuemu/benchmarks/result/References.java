// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks.result;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * What each row is held against: {@code references.csv}, a line for each kind of row, of which the first that fits counts. {@code
 * {name}} in the key of another row stands for the row's own parameter.
 */
final class References {
    private static final int FIELDS = 6;

    private record Line(
            Pattern benchmark, List<String> parameters, String yardstick, String floor, String aim, String peers) {
        boolean fits(Row row) {
            return benchmark.matcher(row.benchmark()).matches()
                    && parameters.stream()
                            .allMatch(p -> p.isEmpty()
                                    || p.substring(p.indexOf('=') + 1)
                                            .equals(row.parameters().get(p.substring(0, p.indexOf('=')))));
        }
    }

    private final List<Line> lines;

    /** The project's. */
    References() {
        try (InputStream in = Objects.requireNonNull(References.class.getResourceAsStream("references.csv"))) {
            lines = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(References::parse)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Line parse(String text) {
        String[] fields = text.split(",", -1);
        if (fields.length != FIELDS) {
            throw new IllegalStateException("references.csv: " + text);
        }
        return new Line(
                Pattern.compile(fields[0]), List.of(fields[1].split(" ")), fields[2], fields[3], fields[4], fields[5]);
    }

    /** What a row is held against. */
    Reference of(Row row) {
        for (Line line : lines) {
            if (line.fits(row)) {
                double aim = line.aim.isEmpty() ? Double.NaN : Double.parseDouble(line.aim);
                return new Reference(fill(line.yardstick, row), fill(line.floor, row), aim, line.peers);
            }
        }
        return Reference.NONE;
    }

    private static String fill(String key, Row row) {
        String filled = key;
        for (Map.Entry<String, String> p : row.parameters().entrySet()) {
            filled = filled.replace("{" + p.getKey() + "}", p.getValue());
        }
        return filled;
    }
}
