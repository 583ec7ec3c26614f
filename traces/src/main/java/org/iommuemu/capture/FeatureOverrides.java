// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.StringJoiner;

/**
 * Capability registers whose recorded values a model must not take, with the values to take: {@code features.json}, an
 * object of register names or {@code 0x…} offsets and values, and {@code why}.
 *
 * @param byName values of registers given by name, in upper case, in the file's order
 * @param byOffset values of registers given by offset
 * @param reason why, for people; empty where the file does not say
 */
public record FeatureOverrides(Map<String, Long> byName, Map<Long, Long> byOffset, String reason) {
    private static final Set<String> REMARKS = Set.of("why", "reason", "note");
    private static final FeatureOverrides NONE = new FeatureOverrides(Map.of(), Map.of(), "");

    /** Takes unmodifiable copies. */
    public FeatureOverrides {
        byName = Collections.unmodifiableMap(new LinkedHashMap<>(byName));
        byOffset = Collections.unmodifiableMap(new LinkedHashMap<>(byOffset));
    }

    /** No register is replaced. */
    public static FeatureOverrides none() {
        return NONE;
    }

    /**
     * Reads {@code features.json} of a folder; empty if there is none.
     *
     * @throws InputException if it is wrong
     */
    public static FeatureOverrides read(Path folder) {
        final Path file = folder.resolve("features.json");
        if (!Files.exists(file)) {
            return NONE;
        }
        final JsonObject json = JsonObject.read(file);
        final Map<String, Long> byName = new LinkedHashMap<>();
        final Map<Long, Long> byOffset = new LinkedHashMap<>();
        String reason = "";
        for (String name : json.names()) {
            if (REMARKS.contains(name)) {
                reason = json.text(name);
            } else if (name.startsWith("0x")) {
                byOffset.put(offset(file, name), json.number(name));
            } else if (byName.put(name.toUpperCase(Locale.ROOT), json.number(name)) != null) {
                throw json.wrong(name, "each register once");
            }
        }
        return new FeatureOverrides(byName, byOffset, reason);
    }

    private static long offset(Path file, String name) {
        try {
            return JsonObject.parse(name);
        } catch (final NumberFormatException e) {
            throw new InputException(file, 0, "'" + name + "' is no register", "a register's name or 0x… offset");
        }
    }

    /** Whether nothing is replaced. */
    public boolean isEmpty() {
        return byName.isEmpty() && byOffset.isEmpty();
    }

    /** The registers, their values, and why, in one line; empty if nothing is replaced. */
    @Override
    public String toString() {
        final StringJoiner out = new StringJoiner(", ");
        byName.forEach((name, value) -> out.add(name + " = 0x" + Long.toHexString(value)));
        byOffset.forEach((at, value) -> out.add("0x" + Long.toHexString(at) + " = 0x" + Long.toHexString(value)));
        return out + (reason.isEmpty() ? "" : ": " + reason);
    }

    /** The value for a register known by both; its name in any case. */
    public OptionalLong value(String name, long offset) {
        final Long named = byName.get(name.toUpperCase(Locale.ROOT));
        final Long value = named != null ? named : byOffset.get(offset);
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }
}
