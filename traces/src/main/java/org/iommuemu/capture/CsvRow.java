// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The current row of a {@link CsvTable}: one object for all rows, overwritten by the next. Fields are named by the
 * column numbers of {@link CsvTable#column(String)}. Nothing but {@link #text(int)} allocates.
 *
 * <p>Numbers are unsigned. An empty field is no number: ask {@link #isEmpty(int)} first. Every accessor throws an
 * {@link InputException} with file, line and column name when the field does not hold what is asked for.
 */
public final class CsvRow {
    private static final String HEX = "a hexadecimal number of at most 64 bits, such as 0x1000";
    private static final String DEC = "a decimal number below 2^63";
    private static final String NUMBER = "a decimal number or a hexadecimal one such as 0x1000";
    private static final int SHOWN_CHARACTERS = 40;

    private final Path file;
    private final List<String> columns;
    private final CsvScanner scanner;

    CsvRow(Path file, List<String> columns, CsvScanner scanner) {
        this.file = file;
        this.columns = columns;
        this.scanner = scanner;
    }

    /** The line of the uncompressed text on which the row starts, from 1; the header is line 1. */
    public long line() {
        return scanner.line();
    }

    /** Whether the field is empty. A column that the file lacks (-1) is empty in every row. */
    public boolean isEmpty(int column) {
        return column < 0 || scanner.start(column) == scanner.end(column);
    }

    /** The field as text; empty for a column that the file lacks (-1). */
    public String text(int column) {
        if (isEmpty(column)) {
            return "";
        }
        final int start = scanner.start(column);
        return new String(scanner.buffer(), start, scanner.end(column) - start, StandardCharsets.UTF_8);
    }

    /** Bytes of the field; 0 for a column that the file lacks (-1). */
    public int length(int column) {
        return column < 0 ? 0 : scanner.end(column) - scanner.start(column);
    }

    /** A byte of the field, as a character if it is ASCII. */
    public int charAt(int column, int index) {
        return scanner.buffer()[scanner.start(column) + index];
    }

    /** Whether the field is exactly this ASCII word, without making a string of it. */
    public boolean is(int column, String word) {
        if (isEmpty(column)) {
            return word.isEmpty();
        }
        final int start = scanner.start(column);
        final int length = word.length();
        if (scanner.end(column) - start != length) {
            return false;
        }
        final byte[] b = scanner.buffer();
        for (int i = 0; i < length; i++) {
            if (b[start + i] != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** A number written {@code 0x…}, of at most 64 bits. */
    public long hex(int column) {
        if (!isHex(column)) {
            throw wrong(column, HEX);
        }
        final byte[] b = scanner.buffer();
        final int end = scanner.end(column);
        long value = 0;
        for (int at = scanner.start(column) + 2; at < end; at++) {
            final int digit = Character.digit(b[at], 16);
            if (digit < 0 || value >>> 60 != 0) {
                throw wrong(column, HEX);
            }
            value = value << 4 | digit;
        }
        return value;
    }

    /** A number of decimal digits, below 2^63. */
    public long dec(int column) {
        if (isEmpty(column)) {
            throw wrong(column, DEC);
        }
        final byte[] b = scanner.buffer();
        final int end = scanner.end(column);
        long value = 0;
        for (int at = scanner.start(column); at < end; at++) {
            final int digit = b[at] - '0';
            if (digit < 0 || digit > 9 || value > (Long.MAX_VALUE - digit) / 10) {
                throw wrong(column, DEC);
            }
            value = value * 10 + digit;
        }
        return value;
    }

    /** A number in either form: {@link #hex(int)} when it starts with {@code 0x}, else {@link #dec(int)}. */
    public long number(int column) {
        if (isHex(column)) {
            return hex(column);
        }
        if (isEmpty(column) || Character.digit(scanner.buffer()[scanner.start(column)], 10) < 0) {
            throw wrong(column, NUMBER);
        }
        return dec(column);
    }

    /** {@link #hex(int)} below 2^{@code bits}; 64 allows everything. */
    public long hexBelow(int column, int bits) {
        final long value = hex(column);
        if (bits < 64 && value >>> bits != 0) {
            throw wrong(column, "a value below 2^" + bits);
        }
        return value;
    }

    /** {@link #hexBelow} that is also a multiple of {@code alignment}, a power of two. */
    public long alignedBelow(int column, int bits, long alignment) {
        final long value = hexBelow(column, bits);
        if ((value & alignment - 1) != 0) {
            throw wrong(column, "a multiple of " + alignment);
        }
        return value;
    }

    /** {@link #number(int)} in a range. */
    public long between(int column, long min, long max) {
        final long value = number(column);
        if (value < min || value > max) {
            throw wrong(column, "a number from " + min + " to " + max);
        }
        return value;
    }

    /** A decimal number with or without a fraction. */
    public double decimal(int column) {
        try {
            return new BigDecimal(text(column)).doubleValue();
        } catch (final NumberFormatException e) {
            throw wrong(column, "a decimal number");
        }
    }

    /** A field that holds 0 or 1. */
    public boolean flag(int column) {
        if (is(column, "1")) {
            return true;
        }
        if (!is(column, "0")) {
            throw wrong(column, "0 or 1");
        }
        return false;
    }

    /** The exception for a field that parses but is not what its reader needs. */
    public InputException wrong(int column, String expected) {
        if (column < 0 || column >= columns.size()) {
            return new InputException(file, line(), "a needed column is absent", expected);
        }
        final String value = text(column);
        final String shown = value.length() > SHOWN_CHARACTERS ? value.substring(0, SHOWN_CHARACTERS) + "…" : value;
        final String problem = value.isEmpty() ? " is empty" : " is '" + shown + "'";
        return new InputException(file, line(), columns.get(column) + problem, expected);
    }

    private boolean isHex(int column) {
        if (column < 0) {
            return false;
        }
        final byte[] b = scanner.buffer();
        final int start = scanner.start(column);
        return scanner.end(column) - start > 2 && b[start] == '0' && (b[start + 1] | 0x20) == 'x';
    }
}
