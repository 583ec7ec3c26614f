// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file or an option given by the user is wrong. The message is {@link OneLine one line} that can be shown as it is:
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
        super(OneLine.of((line > 0 ? file + ":" + line : file.toString()) + ": " + problem + "; expected " + expected));
        this.file = file;
        this.line = line;
    }

    /** A wrong option or value that came from no file. */
    public InputException(String problem, String expected) {
        super(OneLine.of(problem + "; expected " + expected));
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
}
