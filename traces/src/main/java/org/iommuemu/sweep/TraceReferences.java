// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.iommuemu.trace.pattern.TracePattern;
import org.jspecify.annotations.Nullable;

/** The traces of a sweep's file, and the names by which its studies refer to them. */
final class TraceReferences {
    private static final String FILE = "file";
    private static final String GENERATE = "generate";
    private static final String NAME = "name";
    private static final int MOST_TENANTS = 65_535;
    private static final long MOST_RECORDS = 1L << 40;

    private final Map<String, TraceSource> byName = new LinkedHashMap<>();

    List<TraceSource> all() {
        return new ArrayList<>(byName.values());
    }

    /** The names of a list of traces: those that it defines, and those that were defined before. */
    List<String> read(YamlNode list) {
        List<String> names = new ArrayList<>();
        for (YamlNode node : list.list(SweepReader.TRACES)) {
            String name = node.isScalar() ? known(node) : defined(node);
            if (names.contains(name)) {
                throw node.wrong("trace '" + name + "' is there twice", "each once");
            }
            names.add(name);
        }
        return names;
    }

    private String known(YamlNode node) {
        String name = node.scalar("trace");
        if (!byName.containsKey(name)) {
            throw node.wrong(
                    "unknown trace '" + name + "'",
                    byName.isEmpty()
                            ? "{file: PATH} or {generate: {...}}"
                            : "{file: PATH}, {generate: {...}}, or one of " + String.join(", ", byName.keySet()));
        }
        return name;
    }

    private String defined(YamlNode node) {
        Map<String, YamlNode> keys = node.map("a trace");
        keys.forEach((key, value) -> {
            if (!List.of(FILE, GENERATE, NAME).contains(key)) {
                throw value.wrong("unknown key '" + key + "' of a trace", "file, generate, name");
            }
        });
        YamlNode file = keys.get(FILE);
        YamlNode generate = keys.get(GENERATE);
        if ((file == null) == (generate == null)) {
            throw node.wrong("a trace with " + (file == null ? "neither" : "both") + " of file and generate", "one");
        }
        YamlNode given = keys.get(NAME);
        String name = given == null ? null : given.scalar(NAME);
        TraceSource trace = file != null ? recorded(file, name) : generated(generate, name);
        if (byName.putIfAbsent(trace.name(), trace) != null) {
            throw node.wrong("a second trace '" + trace.name() + "'", "a name for each");
        }
        return trace.name();
    }

    private static TraceSource recorded(YamlNode node, @Nullable String name) {
        String location = node.scalar(FILE);
        return new TraceSource.Recorded(
                name == null ? String.valueOf(Path.of(location).getFileName()) : name, location);
    }

    private static TraceSource generated(@Nullable YamlNode node, @Nullable String name) {
        if (node == null) {
            throw new IllegalStateException("one of the two is there");
        }
        TracePattern pattern = TracePattern.HYPER_TENANT;
        int tenants = 1;
        long records = 1_500_000;
        long seed = 1;
        for (Map.Entry<String, YamlNode> e : node.map(GENERATE).entrySet()) {
            YamlNode value = e.getValue();
            switch (e.getKey()) {
                case "pattern" -> pattern = pattern(value);
                case "tenants" -> tenants = Math.toIntExact(value.number("tenants", 1, MOST_TENANTS));
                case "records" -> records = value.number("records", 0, MOST_RECORDS);
                case "seed" -> seed = value.number("seed", Long.MIN_VALUE, Long.MAX_VALUE);
                default ->
                    throw value.wrong(
                            "unknown key '" + e.getKey() + "' of generate", "pattern, tenants, records, seed");
            }
        }
        String usual = pattern.label() + "-t" + tenants + "-n" + records + "-s" + seed;
        return new TraceSource.Generated(
                name == null ? usual : name, pattern, new TracePattern.Parameters(tenants, records, seed));
    }

    private static TracePattern pattern(YamlNode node) {
        String label = node.scalar("pattern");
        return Arrays.stream(TracePattern.values())
                .filter(p -> p.label().equals(label))
                .findFirst()
                .orElseThrow(() -> node.wrong(
                        "'pattern' is '" + label + "'",
                        "one of "
                                + Arrays.stream(TracePattern.values())
                                        .map(TracePattern::label)
                                        .collect(Collectors.joining(", "))));
    }
}
