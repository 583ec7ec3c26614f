// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks.result;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Columns of text, the first of them on the left, the others on the right. */
final class TextTable {
    private final List<List<String>> lines = new ArrayList<>();

    /** Adds a line, of as many columns as the others. */
    void add(String... columns) {
        lines.add(List.of(columns));
    }

    /** Prints all, two spaces apart. */
    void print(PrintWriter out) {
        int[] widths = new int[lines.get(0).size()];
        for (List<String> line : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        for (List<String> line : lines) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String gap = " ".repeat(widths[i] - line.get(i).length());
                text.append(i == 0 ? line.get(i) + gap : "  " + gap + line.get(i));
            }
            out.println(text.toString().stripTrailing());
        }
    }

    /** A number with two decimals, or a dash for none. */
    static String plain(double value) {
        return Double.isNaN(value) ? "–" : String.format(java.util.Locale.ROOT, "%.2f", value);
    }
}
