// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.capture.InputException;

/**
 * The YAML file that says what is to be swept, see docs/sweep.md.
 *
 * @param file where it was read
 * @param traces all traces of all studies
 * @param sweeps the studies
 */
public record SweepFile(Path file, List<TraceSource> traces, List<Sweep> sweeps) {
    /** Takes copies. */
    public SweepFile {
        traces = List.copyOf(traces);
        sweeps = List.copyOf(sweeps);
    }

    /**
     * Reads a file.
     *
     * @throws InputException naming the line, what is wrong there, and what is legal
     */
    public static SweepFile read(Path file) {
        if (Files.isDirectory(file)) {
            throw new InputException(file, 0, "is a folder", "a YAML file");
        }
        if (!Files.exists(file)) {
            throw new InputException(file, 0, "does not exist", "a YAML file, see docs/sweep.md");
        }
        try (Reader text = Files.newBufferedReader(file)) {
            return read(file, text);
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable YAML file");
        }
    }

    /**
     * Reads text.
     *
     * @param file its name, for messages
     */
    public static SweepFile read(Path file, Reader text) {
        YamlNode root = YamlNode.read(file, text);
        Map<String, YamlNode> keys = root.map("the file");
        TraceReferences traces = new TraceReferences();
        SweepReader shared = new SweepReader(traces, null, name(file));
        List<Sweep> sweeps = new ArrayList<>();
        YamlNode list = keys.get(SweepReader.SWEEPS);
        if (list == null) {
            shared.read(root, true);
            sweeps.add(shared.sweep(root));
        } else {
            shared.read(root, false);
            Map<String, YamlNode> names = new HashMap<>();
            for (YamlNode node : list.list(SweepReader.SWEEPS)) {
                SweepReader reader = new SweepReader(traces, shared, "");
                reader.read(node, true);
                Sweep sweep = reader.sweep(node);
                if (names.put(sweep.name(), node) != null) {
                    throw node.wrong("a second sweep '" + sweep.name() + "'", "a name for each");
                }
                sweeps.add(sweep);
            }
        }
        return new SweepFile(file, traces.all(), sweeps);
    }

    /**
     * Some of the studies, in the order of the file, with the traces that they need.
     *
     * @throws InputException if there is none of a name
     */
    public SweepFile only(Collection<String> names) {
        List<String> all = sweeps.stream().map(Sweep::name).toList();
        for (String name : names) {
            if (!all.contains(name)) {
                throw new InputException(file, 0, "has no sweep '" + name + "'", "one of " + String.join(", ", all));
            }
        }
        List<Sweep> some = sweeps.stream().filter(s -> names.contains(s.name())).toList();
        return new SweepFile(
                file,
                traces.stream()
                        .filter(t -> some.stream().anyMatch(s -> s.traces().contains(t.name())))
                        .toList(),
                some);
    }

    /** A trace of the file. */
    public TraceSource trace(String name) {
        return traces.stream()
                .filter(t -> t.name().equals(name))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("no trace " + name + " among " + Arrays.asList(traces)));
    }

    private static String name(Path file) {
        String name = String.valueOf(file.getFileName());
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }
}
