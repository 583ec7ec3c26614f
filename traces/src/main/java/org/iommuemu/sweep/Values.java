// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.iommuemu.preset.Parameter;
import org.jspecify.annotations.Nullable;

/** Reads parameters and their values from YAML. */
final class Values {
    private static final int NEAREST = 3;
    private static final int RANGE_KEYS = 3;
    private static final int MOST_OF_A_RANGE = 10_000;

    private Values() {}

    /** A value for each of some keys. */
    static Map<Parameter, String> of(YamlNode node, String what) {
        Map<Parameter, String> values = new LinkedHashMap<>();
        node.map(what).forEach((key, value) -> {
            Parameter p = parameter(key, value);
            values.put(p, one(p, value));
        });
        return values;
    }

    /** The values of one key: a list without repetition, or a single one. */
    static List<String> list(Parameter p, YamlNode node) {
        if (node.isScalar()) {
            return List.of(one(p, node));
        }
        if (node.isMap()) {
            return range(p, node);
        }
        List<String> values = new ArrayList<>();
        for (YamlNode element : node.list(p.key())) {
            String value = one(p, element);
            if (values.contains(value)) {
                throw element.wrong(p.key() + " has " + value + " twice", "each value once");
            }
            values.add(value);
        }
        return values;
    }

    /** Numbers from one to another, each so much more or so many times the one before. */
    private static List<String> range(Parameter p, YamlNode node) {
        Map<String, YamlNode> keys = node.map(p.key());
        YamlNode from = keys.get("from");
        YamlNode to = keys.get("to");
        YamlNode step = keys.get("step");
        YamlNode factor = keys.get("factor");
        if (from == null || to == null || (step == null) == (factor == null) || keys.size() != RANGE_KEYS) {
            throw node.wrong(p.key() + " is no range", "{from: A, to: B, step: S} or {from: A, to: B, factor: F}");
        }
        long last = to.number("to", Integer.MIN_VALUE, Integer.MAX_VALUE);
        long least = factor == null ? Integer.MIN_VALUE : 1;
        List<String> values = new ArrayList<>();
        for (long value = from.number("from", least, last);
                value <= last;
                value = factor == null ? value + step(step) : value * factor.number("factor", 2, Integer.MAX_VALUE)) {
            if (values.size() == MOST_OF_A_RANGE) {
                throw node.wrong(p.key() + " has more than " + MOST_OF_A_RANGE + " values", "a shorter range");
            }
            String text = Long.toString(value);
            if (!p.takes(text)) {
                throw node.wrong(p.key() + " is '" + text + "'", p.legal());
            }
            values.add(text);
        }
        return values;
    }

    private static long step(@Nullable YamlNode node) {
        return node == null ? 1 : node.number("step", 1, Integer.MAX_VALUE);
    }

    private static String one(Parameter p, YamlNode node) {
        String value = node.scalar(p.key());
        if (!p.takes(value)) {
            throw node.wrong(p.key() + " is '" + value + "'", p.legal());
        }
        return value;
    }

    /** The parameter of a key. */
    static Parameter parameter(String key, YamlNode at) {
        Parameter p = Parameter.of(key);
        if (p == null) {
            throw at.wrong(
                    "unknown parameter '" + key + "'", "one of " + nearest(key) + " and others of 'iommu-emu presets'");
        }
        return p;
    }

    private static String nearest(String key) {
        return Arrays.stream(Parameter.values())
                .map(Parameter::key)
                .sorted(Comparator.comparingInt((String k) -> distance(k, key)).thenComparing(k -> k))
                .limit(NEAREST)
                .collect(Collectors.joining(", "));
    }

    /** Characters to insert, delete or replace (Levenshtein). */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
