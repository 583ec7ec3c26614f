// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.iommuemu.capture.InputException;

/** The presets that come with the program, and settings from the user's files. */
public final class Presets {
    /** Nothing set. */
    public static final Settings NOTHING = new Settings("default", "", List.of(), Map.of(), Map.of());

    private static final List<String> NAMES = List.of(
            "intel-snb-e5v1",
            "intel-ivb-e5v2",
            "intel-hsw-e5-2620v3",
            "intel-hsw-e5-2637v3",
            "intel-bdw-e5v4",
            "intel-cascadelake",
            "intel-icelake",
            "amd-epyc",
            "arm-mmu-600",
            "arm-mmu-700",
            "gem5-default",
            "hypersio");

    private Presets() {}

    /** Names of all, oldest hardware first. */
    public static List<String> names() {
        return NAMES;
    }

    /**
     * A preset.
     *
     * @throws InputException if there is none of that name
     */
    public static Settings named(String name) {
        if (!NAMES.contains(name)) {
            throw new InputException("unknown preset '" + name + "'", "one of " + String.join(", ", NAMES));
        }
        String resource = name + ".yaml";
        try (InputStream in = Presets.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("the program lacks " + resource);
            }
            return SettingsFile.read(
                    Path.of(resource), name, new InputStreamReader(in, StandardCharsets.UTF_8), NOTHING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The preset that stands for a measured system. */
    public static Optional<Settings> ofSystem(String system) {
        return NAMES.stream()
                .map(Presets::named)
                .filter(s -> s.systems().contains(system))
                .findFirst();
    }

    /**
     * Settings of a file, on top of others.
     *
     * @throws InputException naming the line, the key, the value and what is legal
     */
    public static Settings read(Path file, Settings base) {
        if (Files.isDirectory(file)) {
            throw new InputException(file, 0, "is a folder", "a YAML file");
        }
        try (Reader text = Files.newBufferedReader(file)) {
            return SettingsFile.read(file, file.toString(), text, base);
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable YAML file");
        }
    }
}
