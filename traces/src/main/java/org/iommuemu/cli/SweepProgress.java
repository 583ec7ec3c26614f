// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.iommuemu.sweep.Metric;
import org.iommuemu.sweep.PointResult;

/** How far a sweep is: a line on the terminal after each point, at most five times a second, and the figures for its end. */
final class SweepProgress {
    private static final long INTERVAL_NANOS = 200_000_000;
    private static final double MILLION = 1e6;
    private static final int SECONDS_OF_A_MINUTE = 60;

    private final PrintWriter err;
    private final boolean terminal = Boolean.getBoolean(Progress.TERMINAL);
    private final int points;
    private final long cost;
    private final long start = System.nanoTime();
    private long shown = start;
    private long spent;
    private long records;
    private int finished;
    private int failed;

    /**
     * Progress of points that are to be run.
     *
     * @param cost of all of them, see {@link org.iommuemu.sweep.PointCost}
     */
    SweepProgress(PrintWriter err, int points, long cost) {
        this.err = err;
        this.points = points;
        this.cost = cost;
    }

    /**
     * One is finished.
     *
     * @param its own cost
     */
    synchronized void finished(PointResult r, long its) {
        finished++;
        spent += its;
        failed += r.isFailed() ? 1 : 0;
        records += r.values().getOrDefault(Metric.RECORDS, 0L);
        long now = System.nanoTime();
        if (terminal && now - shown >= INTERVAL_NANOS) {
            shown = now;
            long left = Math.round(seconds() * (cost - spent) / Math.max(1, spent));
            err.printf(
                    Locale.ROOT,
                    "\r%,d of %,d points%s, %.1f M records/s, %d:%02d left \u001b[K",
                    finished,
                    points,
                    failed == 0 ? "" : String.format(Locale.ROOT, ", %,d failed", failed),
                    records / MILLION / seconds(),
                    left / SECONDS_OF_A_MINUTE,
                    left % SECONDS_OF_A_MINUTE);
            err.flush();
        }
    }

    /** Takes the line off the terminal again. */
    void clear() {
        if (terminal) {
            err.print("\r\u001b[K");
            err.flush();
        }
    }

    synchronized int finished() {
        return finished;
    }

    double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /** What was done, for the last line. */
    synchronized String summary() {
        double seconds = Math.max(1e-9, seconds());
        return String.format(
                Locale.ROOT,
                "%,d run in %.1f s: %,.1f points/s, %,.1f M records/s",
                finished,
                seconds,
                finished / seconds,
                records / MILLION / seconds);
    }
}
