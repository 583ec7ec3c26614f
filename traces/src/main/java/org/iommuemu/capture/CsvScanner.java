// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream of bytes into rows and fields (RFC 4180, comma, UTF-8). One row at a time lies whole in the buffer, and
 * its fields are ranges of that buffer, so reading costs memory for one row whatever the length of the file.
 *
 * <p>A row without a quote, which is every row of a recorded capture, is cut in one pass. A quote sends the row to
 * {@link #scanQuoted()}.
 */
final class CsvScanner {
    /** Longer rows are taken for a file that is no CSV, or for a quote that was never closed. */
    static final int MAX_ROW_BYTES = 1 << 20;

    private static final int INITIAL_BYTES = 1 << 16;
    private static final byte[] BYTE_ORDER_MARK = "\uFEFF".getBytes(StandardCharsets.UTF_8);

    private final Path file;
    private final InputStream in;

    private byte[] buffer = new byte[INITIAL_BYTES];
    private int limit;
    private int nextRow;
    private long nextLine = 1;
    private boolean begun;
    private boolean endOfFile;
    private boolean terminated;
    private @Nullable IOException failure;

    private long line;
    private boolean comment;
    private int fields;
    private int[] starts = new int[32];
    private int[] ends = new int[32];

    CsvScanner(Path file, InputStream in) {
        this.file = file;
        this.in = in;
    }

    /** Valid until the next {@link #next()}. */
    byte[] buffer() {
        return buffer;
    }

    int fields() {
        return fields;
    }

    int start(int field) {
        return starts[field];
    }

    int end(int field) {
        return ends[field];
    }

    /** The line on which the current row starts. */
    long line() {
        return line;
    }

    /** The line behind the current row. */
    long nextLine() {
        return nextLine;
    }

    /** Whether the row is an empty line. */
    boolean isBlank() {
        return fields == 1 && starts[0] == ends[0];
    }

    /** Whether the row is a line that starts with {@code #}: one field, whatever quotes and commas are in it. */
    boolean isComment() {
        return comment;
    }

    /** Takes the next row; false at the end of the file. What can be read before a damaged place is delivered first. */
    boolean next() {
        while (!scan()) {
            if (more()) {
                continue;
            }
            if (failure != null) {
                throw unreadable(failure);
            }
            if (nextRow == limit) {
                return false;
            }
            if (terminated) {
                throw new InputException(file, nextLine, "a quoted field is never closed", "a closing quote");
            }
            // The last line lacks its newline.
            buffer[limit++] = '\n';
            terminated = true;
        }
        return true;
    }

    /** Cuts the next row if all of it is in the buffer. */
    private boolean scan() {
        final byte[] b = buffer;
        final int to = limit;
        int from = nextRow;
        fields = 0;
        comment = from < to && b[from] == '#';
        if (comment) {
            return scanComment();
        }
        for (int at = from; at < to; at++) {
            final byte c = b[at];
            if (c > ',') {
                continue;
            }
            if (c == ',') {
                field(from, at);
                from = at + 1;
            } else if (c == '\n') {
                field(from, withoutCarriageReturn(from, at));
                finish(at + 1, 1);
                return true;
            } else if (c == '"') {
                return scanQuoted();
            }
        }
        return false;
    }

    private boolean scanComment() {
        for (int at = nextRow; at < limit; at++) {
            if (buffer[at] == '\n') {
                field(nextRow, withoutCarriageReturn(nextRow, at));
                finish(at + 1, 1);
                return true;
            }
        }
        return false;
    }

    private boolean scanQuoted() {
        boolean inQuotes = false;
        int lines = 0;
        for (int at = nextRow; at < limit; at++) {
            if (buffer[at] == '"') {
                if (!inQuotes && at > nextRow && buffer[at - 1] != ',' && buffer[at - 1] != '"') {
                    throw new InputException(
                            file, nextLine + lines, "a quote inside an unquoted field", "quotes around a whole field");
                }
                inQuotes = !inQuotes;
            } else if (buffer[at] == '\n') {
                lines++;
                if (!inQuotes) {
                    cutQuoted(withoutCarriageReturn(nextRow, at));
                    finish(at + 1, lines);
                    return true;
                }
            }
        }
        return false;
    }

    /** Cuts the row that ends before {@code end}, in which quotes are balanced; doubled quotes are undone in place. */
    private void cutQuoted(int end) {
        final byte[] b = buffer;
        fields = 0;
        int at = nextRow;
        do {
            final int from = at;
            if (at == end || b[at] != '"') {
                while (at < end && b[at] != ',') {
                    at++;
                }
                field(from, at);
                continue;
            }
            int to = from;
            for (at++; b[at] != '"' || (at + 1 < end && b[at + 1] == '"'); at++) {
                if (b[at] == '"') {
                    at++;
                }
                b[to++] = b[at];
            }
            at++;
            if (at < end && b[at] != ',') {
                throw new InputException(
                        file, nextLine, "text after a closing quote", "a comma or the end of the line");
            }
            field(from, to);
        } while (at++ < end);
    }

    private void field(int start, int end) {
        if (fields == starts.length) {
            starts = Arrays.copyOf(starts, 2 * fields);
            ends = Arrays.copyOf(ends, 2 * fields);
        }
        starts[fields] = start;
        ends[fields++] = end;
    }

    private int withoutCarriageReturn(int from, int end) {
        return end > from && buffer[end - 1] == '\r' ? end - 1 : end;
    }

    private void finish(int next, int lines) {
        line = nextLine;
        nextLine += lines;
        nextRow = next;
    }

    /** Reads on behind the incomplete row; false if the file has no more. Keeps a byte free for a missing newline. */
    private boolean more() {
        if (endOfFile) {
            return false;
        }
        System.arraycopy(buffer, nextRow, buffer, 0, limit - nextRow);
        limit -= nextRow;
        nextRow = 0;
        if (limit >= MAX_ROW_BYTES) {
            throw new InputException(
                    file,
                    nextLine,
                    "the row is longer than " + MAX_ROW_BYTES + " bytes",
                    "rows of comma-separated text");
        }
        if (limit > buffer.length / 2) {
            buffer = Arrays.copyOf(buffer, Math.min(2 * buffer.length, MAX_ROW_BYTES + 1));
        }
        try {
            while (limit < buffer.length - 1) {
                final int read = in.read(buffer, limit, buffer.length - 1 - limit);
                if (read < 0) {
                    endOfFile = true;
                    break;
                }
                limit += read;
            }
        } catch (final IOException e) {
            failure = e;
            endOfFile = true;
        }
        if (!begun) {
            begun = true;
            nextRow = startsWithByteOrderMark() ? BYTE_ORDER_MARK.length : 0;
        }
        return true;
    }

    private boolean startsWithByteOrderMark() {
        final int length = BYTE_ORDER_MARK.length;
        return limit >= length && Arrays.equals(buffer, 0, length, BYTE_ORDER_MARK, 0, length);
    }

    private InputException unreadable(IOException e) {
        final String format = CompressedFile.formatOf(file);
        final String reason = String.valueOf(e.getMessage());
        if (e instanceof EOFException || reason.startsWith("Truncated")) {
            return new InputException(file, nextLine, "truncated: the compressed data ends here", "a whole " + format);
        }
        return new InputException(file, nextLine, "cannot be read (" + reason + ")", "an undamaged " + format);
    }
}
