// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.capture.InputException;
import org.jspecify.annotations.Nullable;

/** The lines of a text, compressed or not, one at a time. */
final class TextLines implements AutoCloseable {
    private static final int LONGEST = 1 << 20;
    private static final int BUFFER_BYTES = 1 << 16;

    private final Path file;
    private final InputStream in;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private byte[] line = new byte[BUFFER_BYTES];
    private int at;
    private int filled;
    private long number;

    TextLines(Path file) {
        this.file = file;
        in = CompressedFile.open(file);
    }

    /** Number of the current line, from 1. */
    long number() {
        return number;
    }

    /** The next line, without its end, or null after the last. */
    @Nullable
    String next() {
        int length = 0;
        number++;
        while (true) {
            if (at == filled && !fill()) {
                return length == 0 ? null : text(length);
            }
            int end = at;
            while (end < filled && buffer[end] != '\n') {
                end++;
            }
            length = append(length, end);
            if (end < filled) {
                at = end + 1;
                return text(length);
            }
            at = end;
        }
    }

    private int append(int length, int end) {
        int bytes = end - at;
        if (length + bytes > LONGEST) {
            throw wrong("the line has more than " + LONGEST + " bytes", "a line of text");
        }
        if (length + bytes > line.length) {
            line = Arrays.copyOf(line, Math.max(length + bytes, 2 * line.length));
        }
        System.arraycopy(buffer, at, line, length, bytes);
        return length + bytes;
    }

    private String text(int length) {
        int end = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
        return new String(line, 0, end, StandardCharsets.UTF_8);
    }

    private boolean fill() {
        try {
            at = 0;
            filled = Math.max(0, in.read(buffer));
            return filled > 0;
        } catch (IOException e) {
            throw wrong("cannot be read on (" + e.getMessage() + ")", "a whole file");
        }
    }

    /** The exception for the current line. */
    InputException wrong(String problem, String expected) {
        return new InputException(file, number, problem, expected);
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException ignored) {
            // Nothing was written; all that was needed has been read.
        }
    }
}
