// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.stat;

import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.reuse.MissCurve;
import org.iommuemu.trace.reuse.PageListener;
import org.iommuemu.trace.reuse.ReuseDistances;
import org.iommuemu.trace.reuse.TracePages;

/**
 * What is in a trace, record by record added up. Pages are those of {@link TracePages}: of a stream and PASID, and of the size with which
 * they are mapped. Memory grows with streams and pages, not with records.
 */
public final class TraceStatistics {
    private static final int FIRST_LOOKUPS = 10;
    private static final int FIRST_NANOSECONDS = 4;

    private final long[] records = new long[TraceKind.count()];
    private final long[] bytes = new long[TraceKind.count()];
    private final Int2ObjectHashMap<StreamTotals> streams = new Int2ObjectHashMap<>();
    private final Lengths lengths = new Lengths();
    private final TimeSpans gaps = new TimeSpans();
    private final Uses uses = new Uses();
    private final TracePages pages = new TracePages(uses);
    private final ReuseDistances distances = new ReuseDistances();
    private final MappingFigures mappings = new MappingFigures();
    private final WorkingSet overLookups = new WorkingSet(FIRST_LOOKUPS);
    private final WorkingSet overTime = new WorkingSet(FIRST_NANOSECONDS);
    private final long[] touched = new long[Long.SIZE];

    private StreamTotals stream = new StreamTotals(0);
    private long first = -1;
    private long last;
    private long lastAccess = -1;
    private long lookups;

    /** Passes on what happens to pages. */
    private final class Uses implements PageListener {
        @Override
        public void accessed(int page) {
            distances.accessed(page);
            boolean isNew = overLookups.use(page, lookups++);
            overTime.use(page, (last - first) / Picoseconds.PER_NANOSECOND);
            if (isNew) {
                int shift = pages.shift(page);
                touched[shift]++;
                stream.pages++;
                stream.pageBytes += 1L << shift;
            }
        }

        @Override
        public void refused() {
            distances.refused();
        }

        @Override
        public void invalidated(int page) {
            distances.invalidated(page);
        }

        @Override
        public void mapped(int page) {
            mappings.map(page, pages.shift(page), last);
        }

        @Override
        public void unmapped(int page) {
            mappings.unmap(page, pages.shift(page), last);
        }
    }

    /** All of a trace, from where its reader is. */
    public static TraceStatistics of(TraceReader trace) {
        TraceStatistics statistics = new TraceStatistics();
        DmaRecord r = trace.record();
        while (trace.next()) {
            statistics.add(r);
        }
        return statistics;
    }

    /** Adds a record. */
    public void add(DmaRecord r) {
        records[r.kindCode()]++;
        bytes[r.kindCode()] += r.length();
        first = first < 0 ? r.time() : first;
        last = r.time();
        if (r.isDma()) {
            access(r);
        } else if (r.kind() == TraceKind.ATS_REQUEST) {
            stream = totals(r.stream());
        }
        pages.add(r);
    }

    private void access(DmaRecord r) {
        stream = totals(r.stream());
        if (r.kind() == TraceKind.READ_DMA) {
            stream.reads++;
        } else {
            stream.writes++;
        }
        stream.bytes += r.length();
        stream.pasid(r.pasid());
        lengths.add(r.length());
        if (lastAccess >= 0) {
            gaps.record(r.time() - lastAccess);
        }
        lastAccess = r.time();
    }

    private StreamTotals totals(int id) {
        if (stream.stream() == id && streams.containsKey(id)) {
            return stream;
        }
        StreamTotals known = streams.get(id);
        if (known == null) {
            known = new StreamTotals(id);
            streams.put(id, known);
        }
        return known;
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

    /** Records of DMA. */
    public long accesses() {
        return lengths.powers().count();
    }

    /** Bytes of the records of a kind. */
    public long bytes(TraceKind kind) {
        return bytes[kind.code()];
    }

    /** Streams that have DMA or ask for translations; those with the most accesses first. */
    public List<StreamTotals> streams() {
        return streams.values().stream()
                .sorted(Comparator.comparingLong(StreamTotals::accesses)
                        .reversed()
                        .thenComparingLong(s -> Integer.toUnsignedLong(s.stream())))
                .toList();
    }

    /** Different pages looked up, by log2 of their size. */
    public SortedMap<Integer, Long> pages() {
        return MappingFigures.sizes(touched);
    }

    /** Bytes of {@link #pages()}. */
    public long footprint() {
        long sum = 0;
        for (int shift = 0; shift < touched.length; shift++) {
            sum += touched[shift] << shift;
        }
        return sum;
    }

    /** How long accesses are. */
    public Lengths lengths() {
        return lengths;
    }

    /** From each access to the next. */
    public TimeSpans gaps() {
        return gaps;
    }

    /** What is mapped and unmapped. */
    public MappingFigures mappings() {
        return mappings;
    }

    /** The misses of fully associative LRU caches. */
    public MissCurve curve() {
        return distances.curve();
    }

    /** How many stack distances there are of each power of two. */
    public PowerHistogram distances() {
        MissCurve curve = curve();
        PowerHistogram powers = new PowerHistogram();
        for (int distance = 1; distance <= curve.longest(); distance++) {
            powers.add(distance, curve.atDistance(distance));
        }
        return powers;
    }

    /** Different pages in windows of so many lookups. */
    public WorkingSet overLookups() {
        return overLookups;
    }

    /** Different pages in windows of so many nanoseconds. */
    public WorkingSet overTime() {
        return overTime;
    }

    /** From the first record to the last, in ps. */
    public long span() {
        return first < 0 ? 0 : last - first;
    }

    /** Records of a kind for each second of the trace; 0 if it takes no time. */
    public double perSecond(TraceKind kind) {
        return span() == 0 ? 0 : (double) records(kind) * Picoseconds.PER_SECOND / span();
    }
}
