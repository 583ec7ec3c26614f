// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.stat;

import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/** What is mapped and unmapped: pages by size, how much at once, and for how long. */
public final class MappingFigures {
    private final long[] mapped = new long[Long.SIZE];
    private final long[] unmapped = new long[Long.SIZE];
    private final TimeSpans lifetimes = new TimeSpans();
    /** By page: when it was mapped. */
    private long[] since = new long[0];

    private long bytes;
    private long most;

    void map(int page, int shift, long time) {
        if (page >= since.length) {
            since = Arrays.copyOf(since, Math.max(page + 1, 2 * since.length));
        }
        since[page] = time;
        mapped[shift]++;
        bytes += 1L << shift;
        most = Math.max(most, bytes);
    }

    void unmap(int page, int shift, long time) {
        unmapped[shift]++;
        bytes -= 1L << shift;
        lifetimes.record(time - since[page]);
    }

    /** How many pages of each size were mapped; by log2 of bytes. */
    public SortedMap<Integer, Long> mapped() {
        return sizes(mapped);
    }

    /** How many of these were unmapped again. */
    public SortedMap<Integer, Long> unmapped() {
        return sizes(unmapped);
    }

    static SortedMap<Integer, Long> sizes(long[] counts) {
        SortedMap<Integer, Long> sizes = new TreeMap<>();
        for (int shift = 0; shift < counts.length; shift++) {
            if (counts[shift] > 0) {
                sizes.put(shift, counts[shift]);
            }
        }
        return sizes;
    }

    /** Bytes that are mapped in the end. */
    public long bytes() {
        return bytes;
    }

    /** Bytes that were mapped at once, at most. */
    public long mostBytes() {
        return most;
    }

    /** From mapping a page to unmapping it. */
    public TimeSpans lifetimes() {
        return lifetimes;
    }
}
