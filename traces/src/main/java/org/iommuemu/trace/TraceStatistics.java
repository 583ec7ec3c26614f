// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.agrona.collections.IntHashSet;
import org.agrona.collections.Long2LongHashMap;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.collections.LongHashSet;

/** What is in a trace, record by record added up. Memory grows with streams and pages, not with records. */
public final class TraceStatistics {
    private static final int PAGE_SHIFT = 12;
    private static final long PAGE = 1L << PAGE_SHIFT;

    private final long[] records = new long[TraceKind.count()];
    private final long[] bytes = new long[TraceKind.count()];
    private final IntHashSet streams = new IntHashSet();
    /** By stream, in the upper half, and PASID. */
    private final Long2ObjectHashMap<LongHashSet> pages = new Long2ObjectHashMap<>();

    private final Long2LongHashMap sizes = new Long2LongHashMap(0);
    private long first = -1;
    private long last;

    /** Adds a record. */
    public void add(DmaRecord r) {
        records[r.kind]++;
        bytes[r.kind] += r.length;
        first = first < 0 ? r.time : first;
        last = r.time;
        if (r.isDma()) {
            sizes.put(r.length, sizes.get(r.length) + 1);
            streams.add(r.stream);
            long space = (long) r.stream << Integer.SIZE | Integer.toUnsignedLong(r.pasid);
            LongHashSet touched = pages.get(space);
            if (touched == null) {
                touched = new LongHashSet();
                pages.put(space, touched);
            }
            long end = r.iova + Math.max(1, r.length) - 1 >>> PAGE_SHIFT;
            for (long page = r.iova >>> PAGE_SHIFT; page <= end; page++) {
                touched.add(page);
            }
        }
    }

    /** Records of a kind. */
    public long records(TraceKind kind) {
        return records[kind.code()];
    }

    /** All records. */
    public long total() {
        long sum = 0;
        for (long n : records) {
            sum += n;
        }
        return sum;
    }

    /** Bytes of the records of a kind. */
    public long bytes(TraceKind kind) {
        return bytes[kind.code()];
    }

    /** Streams that have DMA. */
    public int streams() {
        return streams.size();
    }

    /** Pages of 4 KiB that DMA touches, those of each stream and PASID counted by themselves. */
    public long pages() {
        long sum = 0;
        for (LongHashSet touched : pages.values()) {
            sum += touched.size();
        }
        return sum;
    }

    /** Bytes of {@link #pages()}. */
    public long footprint() {
        return pages() * PAGE;
    }

    /** DMA records by length, shortest first. */
    public SortedMap<Long, Long> sizes() {
        SortedMap<Long, Long> sorted = new TreeMap<>();
        for (Map.Entry<Long, Long> e : sizes.entrySet()) {
            sorted.put(e.getKey(), e.getValue());
        }
        return sorted;
    }

    /** From the first record to the last, in ps. */
    public long span() {
        return first < 0 ? 0 : last - first;
    }
}
