// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.stat;

import java.util.Arrays;

/**
 * How many different pages are used in each of many windows of equal length (Denning, 1968). Windows become twice as long whenever there
 * would be more than {@value #MOST_WINDOWS}; all counts are exact, as those of longer windows are kept from the beginning: a use counts in
 * a window of every length that does not have the page's use before in it.
 */
public final class WorkingSet {
    /** There are no more windows. */
    public static final int MOST_WINDOWS = 256;

    private static final int WINDOWS_SHIFT = 8;
    private static final long NEVER = -1;

    /** By how many doublings the windows are longer than now, and window. */
    private final long[][] counts = new long[WINDOWS_SHIFT + 1][MOST_WINDOWS];
    /** By page. */
    private long[] lastUse = new long[0];

    private int shift;
    private long latest = NEVER;

    /**
     * Nothing yet.
     *
     * @param shift log2 of the length of the first windows
     */
    WorkingSet(int shift) {
        this.shift = shift;
    }

    /**
     * A use of a page.
     *
     * @param at never less than before, from 0 on
     * @return whether it is the page's first
     */
    boolean use(int page, long at) {
        if (page >= lastUse.length) {
            int before = lastUse.length;
            lastUse = Arrays.copyOf(lastUse, Math.max(page + 1, 2 * before));
            Arrays.fill(lastUse, before, lastUse.length, NEVER);
        }
        while (at >>> shift >= MOST_WINDOWS) {
            lengthen();
        }
        long before = lastUse[page];
        lastUse[page] = at;
        latest = at;
        for (int longer = 0; longer <= WINDOWS_SHIFT; longer++) {
            long window = at >>> shift + longer;
            if (before != NEVER && before >>> shift + longer == window) {
                break;
            }
            counts[longer][(int) window]++;
        }
        return before == NEVER;
    }

    private void lengthen() {
        long[] dropped = counts[0];
        System.arraycopy(counts, 1, counts, 0, WINDOWS_SHIFT);
        // All was in the first of the longest windows, and is in the first of those that are longer still.
        System.arraycopy(counts[WINDOWS_SHIFT - 1], 0, dropped, 0, MOST_WINDOWS);
        counts[WINDOWS_SHIFT] = dropped;
        shift++;
    }

    /** The length of a window. */
    public long window() {
        return 1L << shift;
    }

    /** Different pages used in each window. That of the last use, which may not be over, is left out unless it is the only one. */
    public long[] pages() {
        int over = (int) (latest >>> shift);
        return Arrays.copyOf(counts[0], latest == NEVER ? 0 : Math.max(1, over));
    }

    /** The mean of {@link #pages()}; 0 of none. */
    public double mean() {
        return Arrays.stream(pages()).average().orElse(0);
    }

    /** The most of {@link #pages()}; 0 of none. */
    public long most() {
        return Arrays.stream(pages()).max().orElse(0);
    }
}
