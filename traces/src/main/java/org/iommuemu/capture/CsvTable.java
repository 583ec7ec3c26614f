// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A CSV file with a header row, read row by row in constant memory; {@code .gz} and {@code .zst} are unpacked on the
 * way.
 *
 * <pre>{@code
 * try (CsvTable table = CsvTable.open(file)) {
 *     int iova = table.column("iova");
 *     CsvRow row = table.row();
 *     while (table.next()) {
 *         use(row.hex(iova));
 *     }
 * }
 * }</pre>
 *
 * <p>Columns may come in any order, and columns that nobody asks for are ignored. Rows must have as many fields as the
 * header; empty lines, and those that start with {@code #}, are passed over, and so is a byte order mark at the very
 * start. Not thread-safe.
 */
public final class CsvTable implements AutoCloseable {
    private final Path file;
    private final InputStream in;
    private final CsvScanner scanner;
    private final List<String> comments = new ArrayList<>();
    private final List<String> columns;
    private final long headerLine;
    private final CsvRow row;

    private CsvTable(Path file, InputStream in) {
        this.file = file;
        this.in = in;
        this.scanner = new CsvScanner(file, in);
        this.columns = header();
        this.headerLine = scanner.line();
        this.row = new CsvRow(file, columns, scanner);
    }

    /**
     * Opens a file and reads its header.
     *
     * @param needed columns that must be there
     * @throws InputException if the file cannot be read, has no header, or lacks a needed column
     */
    public static CsvTable open(Path file, String... needed) {
        return open(file, CompressedFile.open(file), needed);
    }

    /**
     * Reads from a stream, which is closed with the table.
     *
     * @param file for messages
     */
    public static CsvTable open(Path file, InputStream in, String... needed) {
        boolean opened = false;
        try {
            final CsvTable table = new CsvTable(file, in);
            for (String column : needed) {
                table.column(column);
            }
            opened = true;
            return table;
        } finally {
            if (!opened) {
                close(in);
            }
        }
    }

    /** The file that is read. */
    public Path file() {
        return file;
    }

    /** The lines before the header, each with the {@code #} that it begins with. */
    public List<String> comments() {
        return List.copyOf(comments);
    }

    /** Names of the columns, in the file's order. */
    public List<String> columns() {
        return columns;
    }

    /**
     * Number of a column, for the accessors of {@link CsvRow}.
     *
     * @throws InputException if the file has no such column
     */
    public int column(String name) {
        final int column = optionalColumn(name);
        if (column < 0) {
            throw new InputException(file, headerLine, "no column '" + name + "'", "a header with it");
        }
        return column;
    }

    /** Number of a column, or -1 if the file has no such column; {@link CsvRow#isEmpty} takes -1 for an empty field. */
    public int optionalColumn(String name) {
        return columns.indexOf(name);
    }

    /**
     * Goes to the next row.
     *
     * @return false at the end of the file
     * @throws InputException if the row is malformed or the file is damaged here
     */
    public boolean next() {
        do {
            if (!scanner.next()) {
                return false;
            }
        } while (scanner.isBlank() && columns.size() > 1 || scanner.isComment());
        if (scanner.fields() != columns.size()) {
            throw new InputException(file, scanner.line(), "the row has " + count(scanner.fields()), fieldsOfHeader());
        }
        return true;
    }

    /** The current row: always the same object, valid after {@link #next()} said true. */
    public CsvRow row() {
        return row;
    }

    @Override
    public void close() {
        close(in);
    }

    private List<String> header() {
        boolean there = scanner.next();
        while (there && scanner.isComment()) {
            comments.add(new String(
                    scanner.buffer(), scanner.start(0), scanner.end(0) - scanner.start(0), StandardCharsets.UTF_8));
            there = scanner.next();
        }
        if (!there || scanner.isBlank()) {
            final long expectedAt = there ? scanner.line() : scanner.nextLine();
            throw new InputException(file, expectedAt, "no header row", "the names of the columns");
        }
        final List<String> names = new ArrayList<>();
        for (int i = 0; i < scanner.fields(); i++) {
            final int start = scanner.start(i);
            final String name = new String(scanner.buffer(), start, scanner.end(i) - start, StandardCharsets.UTF_8);
            if (names.contains(name)) {
                throw new InputException(file, scanner.line(), "column '" + name + "' appears twice", "distinct names");
            }
            names.add(name);
        }
        return List.copyOf(names);
    }

    private String fieldsOfHeader() {
        return columns.size() + ", as many as the header";
    }

    private static String count(int fields) {
        return fields == 1 ? "1 field" : fields + " fields";
    }

    private static void close(InputStream in) {
        try {
            in.close();
        } catch (final IOException ignored) {
            // Nothing was written; a reader that has its rows loses nothing.
        }
    }
}
