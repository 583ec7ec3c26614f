// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import java.util.ArrayList;
import java.util.List;

/** A table: columns of text or of numbers, and rows, some of which are flagged. */
public final class Table {
    private record Column(String title, boolean number) {}

    private record Line(boolean flagged, List<String> cells) {}

    private final List<Column> columns = new ArrayList<>();
    private final List<Line> rows = new ArrayList<>();

    /** Adds a column of text. */
    public Table text(String title) {
        columns.add(new Column(title, false));
        return this;
    }

    /** Adds a column of numbers. */
    public Table number(String title) {
        columns.add(new Column(title, true));
        return this;
    }

    /** Adds a row; a cell for each column. */
    public Table row(String... cells) {
        return row(false, List.of(cells));
    }

    /** Adds a row, one to be looked at if flagged; a cell for each column. */
    public Table row(boolean flagged, List<String> cells) {
        if (cells.size() != columns.size()) {
            throw new IllegalArgumentException(cells.size() + " cells, expected " + columns.size());
        }
        rows.add(new Line(flagged, List.copyOf(cells)));
        return this;
    }

    /** Whether it has no row. */
    public boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Writes it; what is wider than the page can be moved sideways. */
    public void into(Markup m) {
        m.open("div", "class", "wide", "tabindex", "0")
                .open("table")
                .open("thead")
                .open("tr");
        for (Column c : columns) {
            m.leaf("th", c.title(), "scope", "col", "class", c.number() ? "n" : "t");
        }
        m.close().close().newLine().open("tbody").newLine();
        for (Line row : rows) {
            m.open("tr", "class", row.flagged() ? "out" : "in");
            for (int i = 0; i < columns.size(); i++) {
                m.leaf("td", row.cells().get(i), "class", columns.get(i).number() ? "n" : "t");
            }
            m.close().newLine();
        }
        m.close().close().close().newLine();
    }

    /** Writes it behind a line that opens it. */
    public void folded(Markup m, String summary) {
        m.open("details").leaf("summary", summary).newLine();
        into(m);
        m.close().newLine();
    }
}
