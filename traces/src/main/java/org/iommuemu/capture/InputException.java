// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file or an option given by the user is wrong. The message is one line that can be shown as it is:
 * {@code <file>:<line>: <what is wrong>; expected <what>}, without the line or the file where there is none.
 */
public final class InputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient @Nullable Path file;
    private final long line;

    /**
     * A wrong file.
     *
     * @param line counted from 1 in the uncompressed text; 0 where a line says nothing
     */
    public InputException(Path file, long line, String problem, String expected) {
        super(oneLine((line > 0 ? file + ":" + line : file.toString()) + ": " + problem + "; expected " + expected));
        this.file = file;
        this.line = line;
    }

    /** A wrong option or value that came from no file. */
    public InputException(String problem, String expected) {
        super(oneLine(problem + "; expected " + expected));
        this.file = null;
        this.line = 0;
    }

    /** The file at fault; {@code null} for an option. */
    public @Nullable Path file() {
        return file;
    }

    /** The line at fault, from 1; 0 where there is none. */
    public long line() {
        return line;
    }

    /** User data ends up in messages: control characters must neither break the line nor drive a terminal. */
    private static String oneLine(String message) {
        StringBuilder line = new StringBuilder(message.length());
        message.codePoints().forEach(c -> {
            if (Character.isISOControl(c)) {
                line.append(String.format("\\x%02x", c));
            } else {
                line.appendCodePoint(c);
            }
        });
        return line.toString();
    }
}
