// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

/**
 * Which accesses of a trace are counted.
 *
 * <pre>
 *   |---- skip ----|--- warm-up ---|------ measure ------|---- the rest ----|
 *    no time        timed,          timed and counted     no time
 *                   not counted
 * </pre>
 *
 * <p>All of them are translated, and fill caches.
 *
 * @param skip accesses at the beginning without time
 * @param warmUp timed accesses that are not counted
 * @param measure accesses that are counted, or {@link #ALL}
 */
public record MeasureWindow(long skip, long warmUp, long measure) {
    /** To the end of the trace. */
    public static final long ALL = Long.MAX_VALUE;

    /** Every access is counted. */
    public static final MeasureWindow EVERYTHING = new MeasureWindow(0, 0, ALL);

    /** Checks the ranges. */
    public MeasureWindow {
        if (skip < 0 || warmUp < 0 || measure < 1 || first() < 0) {
            throw new IllegalArgumentException(
                    "a window of " + skip + " skipped, " + warmUp + " to warm up, " + measure + " to measure");
        }
    }

    /** The number of the first access that is counted, from 0. */
    public long first() {
        return skip + warmUp;
    }

    /** The number of the first access after the last one that is counted. */
    public long end() {
        return measure > ALL - first() ? ALL : first() + measure;
    }

    /** Whether something is left out at the beginning or may be at the end. */
    public boolean isPartial() {
        return !equals(EVERYTHING);
    }
}
