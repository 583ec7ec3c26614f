// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.iommuemu.replay.ProgressListener;

/** A progress line on the terminal, five times a second; nothing where standard error is no terminal. */
final class Progress implements ProgressListener {
    /** Set by the launcher when standard error is a terminal: Java itself cannot tell. */
    static final String TERMINAL = "iommuemu.terminal";

    private static final long INTERVAL_NANOS = 200_000_000;
    private static final int RECORDS_BETWEEN_LOOKS = 4096;

    private final PrintWriter err;
    private final boolean terminal = Boolean.getBoolean(TERMINAL);
    private final long start = System.nanoTime();
    private long shown = start;

    Progress(PrintWriter err) {
        this.err = err;
    }

    @Override
    public void progress(long records) {
        if (terminal && records % RECORDS_BETWEEN_LOOKS == 0) {
            long now = System.nanoTime();
            if (now - shown >= INTERVAL_NANOS) {
                shown = now;
                err.printf(Locale.ROOT, "\r%,d records, %,.0f records/s ", records, records / seconds());
                err.flush();
            }
        }
    }

    /** Takes the line off the terminal again. */
    void clear() {
        if (terminal) {
            err.print("\r\u001b[K");
            err.flush();
        }
    }

    double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }
}
