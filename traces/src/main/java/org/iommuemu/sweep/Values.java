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

/** Reads parameters and their values from YAML. */
final class Values {
    private static final int NEAREST = 3;

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
