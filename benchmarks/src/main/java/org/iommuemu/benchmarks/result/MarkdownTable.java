// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks.result;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Runs side by side, usually of two JDKs, in Markdown; times as multiples of yardstick, floor and aim, whatever was counted. */
final class MarkdownTable {
    /** The unit that is not named. */
    private static final String USUAL = "ns/op";

    private final List<ResultSet> runs;
    private final References references = new References();

    MarkdownTable(List<ResultSet> runs) {
        this.runs = runs;
    }

    /** Prints every row that any run has. */
    void print(PrintWriter out) {
        List<String> head = new ArrayList<>(List.of("benchmark", "parameters"));
        for (ResultSet run : runs) {
            head.addAll(List.of(run.label(), "÷ yardstick", "÷ floor", "÷ aim"));
        }
        head.addAll(List.of("B/op", "aim", "peers"));
        line(out, head);
        line(out, head.stream().map(h -> "---").toList());
        rows().forEach(row -> line(out, cells(row)));
    }

    /** In the order of the first run, then what only later ones have. */
    private List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        TreeMap<String, Row> seen = new TreeMap<>();
        for (ResultSet run : runs) {
            for (Row row : run.rows()) {
                if (seen.putIfAbsent(row.key(), row) == null) {
                    rows.add(row);
                }
            }
        }
        return rows;
    }

    private List<String> cells(Row any) {
        Reference reference = references.of(any);
        List<String> cells = new ArrayList<>(List.of("`" + any.benchmark() + "`", any.parametersText()));
        List<String> bytes = new ArrayList<>();
        for (ResultSet run : runs) {
            Row row = run.find(any.key());
            cells.addAll(row == null ? List.of("–", "–", "–", "–") : cells(row, run, reference));
            bytes.add(row == null ? "–" : CompareCommand.bytes(row));
        }
        cells.add(String.join(" / ", bytes));
        cells.add(Double.isNaN(reference.aim()) ? "–" : Row.significant(reference.aim()));
        cells.add(reference.peers().isEmpty() ? "–" : reference.peers());
        return cells;
    }

    private static List<String> cells(Row row, ResultSet run, Reference reference) {
        return List.of(
                row.unit().equals(USUAL) ? row.scoreText() : row.scoreText() + " " + row.unit(),
                TextTable.plain(Reference.multiple(row, run, reference.yardstick())),
                TextTable.plain(Reference.multiple(row, run, reference.floor())),
                TextTable.plain(reference.multipleOfAim(row)));
    }

    private static void line(PrintWriter out, List<String> cells) {
        out.println("| " + String.join(" | ", cells) + " |");
    }
}
