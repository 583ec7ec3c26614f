// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.iommuemu.capture.InputException;
import org.jspecify.annotations.Nullable;

/** The rows of a JSON file of JMH ({@code -rf json}), in its order. */
final class ResultSet {
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    private final Path file;
    private final Map<String, Row> rows = new LinkedHashMap<>();
    private String jdk = "";

    private ResultSet(Path file) {
        this.file = file;
    }

    /**
     * Reads a file.
     *
     * @throws InputException if it cannot be read, is not JMH's or has a row twice
     */
    static ResultSet read(Path file) {
        ResultSet set = new ResultSet(file);
        JsonNode results = parse(file);
        if (!results.isArray() || results.isEmpty()) {
            throw new InputException(file, 0, "no results", "an array of JMH results (-rf json)");
        }
        for (int i = 0; i < results.size(); i++) {
            set.add(results.get(i), i + 1);
        }
        return set;
    }

    private static JsonNode parse(Path file) {
        ObjectMapper mapper = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        try {
            return mapper.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            throw new InputException(file, line, "not JSON: " + e.getOriginalMessage(), "results of JMH (-rf json)");
        } catch (NoSuchFileException e) {
            throw new InputException(file, 0, "no such file", "results of JMH (-rf json)");
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read: " + e.getMessage(), "results of JMH (-rf json)");
        }
    }

    private void add(JsonNode result, int number) {
        JsonNode metric = result.path("primaryMetric");
        String unit = metric.path("scoreUnit").asText();
        double score = number(metric.path("score"));
        String[] name = result.path("benchmark").asText().split("\\.", -1);
        if (name.length < 2 || !(score > 0) || Double.isInfinite(score) || !Row.isKnown(unit)) {
            throw new InputException(
                    file,
                    0,
                    "result " + number + " is not one of a benchmark",
                    "benchmark with class and method, primaryMetric with a score above 0 and a scoreUnit of time");
        }
        SortedMap<String, String> parameters = new TreeMap<>();
        result.path("params")
                .properties()
                .forEach(e -> parameters.put(e.getKey(), e.getValue().asText()));
        Row row = new Row(
                name[name.length - 2] + "." + name[name.length - 1],
                parameters,
                score,
                number(metric.path("scoreError")),
                unit,
                number(result.path("secondaryMetrics").path(ALLOCATED).path("score")));
        if (rows.put(row.key(), row) != null) {
            throw new InputException(file, 0, "result " + number + " is there twice: " + row.key(), "each row once");
        }
        jdk = jdk.isEmpty() ? result.path("jdkVersion").asText() : jdk;
    }

    /** JMH writes what is no number as a string. */
    private static double number(JsonNode node) {
        return node.isNumber() ? node.asDouble() : Double.NaN;
    }

    /** All rows. */
    Collection<Row> rows() {
        return rows.values();
    }

    /** The row of a benchmark with parameters, or null. */
    @Nullable
    Row find(String key) {
        return rows.get(key);
    }

    /** The JDK of the measuring JVM, or the file's name. */
    String label() {
        Path name = file.getFileName();
        return jdk.isEmpty() ? String.valueOf(name) : "JDK " + jdk;
    }
}
