// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.iommuemu.capture.CsvRow;
import org.iommuemu.capture.CsvTable;
import org.jspecify.annotations.Nullable;

/** The published measurements: those that come with the program, or files of the same names in a folder, as far as it has them. */
public final class Measurements {
    private final @Nullable Path folder;
    private final Set<String> missing = new TreeSet<>();

    /** Measurements of a folder; null stands for those that come with the program. */
    public Measurements(@Nullable Path folder) {
        this.folder = folder;
    }

    /** Something of each row of a file; rows for which that is null are left out. */
    <T> List<T> rows(String file, Columns columns, Function<Row, @Nullable T> of) {
        try (CsvTable table = open(file)) {
            int[] numbers = columns.names().stream().mapToInt(table::column).toArray();
            List<T> rows = new ArrayList<>();
            while (table.next()) {
                T value = of.apply(new Row(table.row(), columns, numbers));
                if (value != null) {
                    rows.add(value);
                }
            }
            return rows;
        }
    }

    private CsvTable open(String file) {
        if (folder != null && Files.exists(folder.resolve(file))) {
            return CsvTable.open(folder.resolve(file));
        }
        if (folder != null) {
            missing.add(file);
        }
        InputStream in = Measurements.class.getResourceAsStream(file);
        if (in == null) {
            throw new UncheckedIOException(new IOException("the program lacks " + file));
        }
        return CsvTable.open(Path.of(file), in);
    }

    /** Files that the folder does not have, so that those that come with the program were taken. */
    public Set<String> missing() {
        return Collections.unmodifiableSet(missing);
    }

    /** Columns that a reader wants. */
    record Columns(List<String> names) {
        static Columns of(String... names) {
            return new Columns(List.of(names));
        }
    }

    /** A row, by the names of its columns. */
    record Row(CsvRow row, Columns columns, int[] numbers) {
        private int column(String name) {
            return numbers[columns.names().indexOf(name)];
        }

        String text(String name) {
            return row.text(column(name));
        }

        long whole(String name) {
            return row.dec(column(name));
        }

        double decimal(String name) {
            return row.decimal(column(name));
        }

        boolean is(String name, String word) {
            return row.is(column(name), word);
        }
    }
}
