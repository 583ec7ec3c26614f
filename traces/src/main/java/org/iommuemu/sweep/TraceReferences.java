// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.iommuemu.capture.InputException;
import org.iommuemu.pcie.RequesterId;
import org.iommuemu.trace.imports.ImportOptions;
import org.iommuemu.trace.imports.ImportSource;
import org.iommuemu.trace.pattern.PatternOption;
import org.iommuemu.trace.pattern.TracePattern;
import org.jspecify.annotations.Nullable;

/** The traces of a sweep's file, and the names by which its studies refer to them. */
final class TraceReferences {
    private static final String FILE = "file";
    private static final String GENERATE = "generate";
    private static final String IMPORT = "import";
    private static final String NAME = "name";
    private static final String KINDS = "{file: PATH}, {generate: {...}} or {import: {...}}";
    private static final long MOST_STREAM = 0xffff_ffffL;
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
                    KINDS + (byName.isEmpty() ? "" : ", or one of " + String.join(", ", byName.keySet())));
        }
        return name;
    }

    private String defined(YamlNode node) {
        Map<String, YamlNode> keys = node.map("a trace");
        keys.forEach((key, value) -> {
            if (!List.of(FILE, GENERATE, IMPORT, NAME).contains(key)) {
                throw value.wrong("unknown key '" + key + "' of a trace", "file, generate, import, name");
            }
        });
        List<String> kinds = keys.keySet().stream().filter(k -> !k.equals(NAME)).toList();
        if (kinds.size() != 1) {
            throw node.wrong(
                    kinds.isEmpty()
                            ? "a trace with none of file, generate, import"
                            : "a trace with " + String.join(" and ", kinds),
                    "one");
        }
        YamlNode given = keys.get(NAME);
        String name = given == null ? null : given.scalar(NAME);
        String kind = kinds.get(0);
        YamlNode value = keys.getOrDefault(kind, node);
        TraceSource trace = switch (kind) {
            case FILE -> recorded(value, name);
            case GENERATE -> generated(value, name);
            default -> imported(value, name);
        };
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

    private static TraceSource imported(YamlNode node, @Nullable String name) {
        String input = "";
        ImportSource from = null;
        long stream = ImportOptions.UNKNOWN;
        for (Map.Entry<String, YamlNode> e : node.map(IMPORT).entrySet()) {
            YamlNode value = e.getValue();
            switch (e.getKey()) {
                case "input" -> input = value.scalar("input");
                case "from" -> from = source(value);
                case "stream" -> stream = stream(value);
                default ->
                    throw value.wrong("unknown key '" + e.getKey() + "' of import", "one of from, input, stream");
            }
        }
        if (input.isEmpty()) {
            throw node.wrong("'import' without 'input'", "input: a file or folder");
        }
        return new TraceSource.Imported(
                name == null ? String.valueOf(Path.of(input).getFileName()) : name, input, from, stream, node.line());
    }

    private static ImportSource source(YamlNode node) {
        String label = node.scalar("from");
        return Arrays.stream(ImportSource.values())
                .filter(s -> s.label().equals(label))
                .findFirst()
                .orElseThrow(() -> node.wrong("'from' is '" + label + "'", "one of " + ImportSource.labels()));
    }

    private static long stream(YamlNode node) {
        String text = node.scalar("stream");
        try {
            long stream = text.contains(":")
                    ? RequesterId.parse(text).id()
                    : text.startsWith("0x") ? Long.parseLong(text.substring(2), 16) : Long.parseLong(text);
            if (stream >= 0 && stream <= MOST_STREAM) {
                return stream;
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw node.wrong("'stream' is '" + text + "'", "a number of at most 32 bits, or bus:device.function");
    }

    private static TraceSource generated(YamlNode node, @Nullable String name) {
        TracePattern pattern = TracePattern.HYPER_TENANT;
        int tenants = 1;
        long records = 1_500_000;
        long seed = 1;
        Map<PatternOption, Double> options = new EnumMap<>(PatternOption.class);
        StringBuilder usual = new StringBuilder();
        for (Map.Entry<String, YamlNode> e : node.map(GENERATE).entrySet()) {
            YamlNode value = e.getValue();
            switch (e.getKey()) {
                case "pattern" -> pattern = pattern(value);
                case "tenants" -> tenants = Math.toIntExact(value.number("tenants", 1, MOST_TENANTS));
                case "records" -> records = value.number("records", 0, MOST_RECORDS);
                case "seed" -> seed = value.number("seed", Long.MIN_VALUE, Long.MAX_VALUE);
                default -> {
                    PatternOption option = option(e.getKey(), value);
                    options.put(option, value.decimal(option.label()));
                    usual.append('-').append(option.label()).append(value.scalar(e.getKey()));
                }
            }
        }
        usual.insert(0, pattern.label() + "-t" + tenants + "-n" + records + "-s" + seed);
        TracePattern.Parameters parameters = new TracePattern.Parameters(tenants, records, seed, options);
        try {
            pattern.check(parameters);
        } catch (InputException e) {
            String[] parts = String.valueOf(e.getMessage()).split("; expected ", 2);
            InputException wrong = node.wrong(parts[0], parts[parts.length - 1]);
            wrong.initCause(e);
            throw wrong;
        }
        return new TraceSource.Generated(name == null ? usual.toString() : name, pattern, parameters);
    }

    private static PatternOption option(String key, YamlNode value) {
        return Arrays.stream(PatternOption.values())
                .filter(o -> o.label().equals(key))
                .findFirst()
                .orElseThrow(() -> value.wrong(
                        "unknown key '" + key + "' of generate",
                        "one of pattern, tenants, records, seed, "
                                + Arrays.stream(PatternOption.values())
                                        .map(PatternOption::label)
                                        .collect(Collectors.joining(", "))));
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
