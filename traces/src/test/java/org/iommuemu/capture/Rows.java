// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads a table whole, as tests want it: every row as {@code line:field|field}. */
final class Rows {
    private Rows() {}

    static List<String> read(Path file) {
        final List<String> rows = new ArrayList<>();
        readInto(rows, file);
        return rows;
    }

    static void readInto(List<String> rows, Path file) {
        try (CsvTable table = CsvTable.open(file)) {
            while (table.next()) {
                final List<String> fields = new ArrayList<>();
                for (int i = 0; i < table.columns().size(); i++) {
                    fields.add(table.row().text(i));
                }
                rows.add(table.row().line() + ":" + String.join("|", fields));
            }
        }
    }
}
