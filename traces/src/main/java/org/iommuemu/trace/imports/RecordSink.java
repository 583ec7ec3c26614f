// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;

/** Writes records in the order of time, and counts them and what is passed over. */
final class RecordSink {
    private final TraceWriter out;
    private final DmaRecord record = new DmaRecord();
    private final long[] records = new long[TraceKind.count()];
    private final Map<String, long[]> notes = new TreeMap<>();
    private long latest;

    RecordSink(TraceWriter out) {
        this.out = out;
    }

    /**
     * Begins a record; one that is earlier than the one before gets its time.
     *
     * @param time in ps
     */
    DmaRecord begin(long time, TraceKind kind, int stream, long iova, long bytes) {
        if (time < latest) {
            note("earlier than the record before; given its time");
        }
        latest = Math.max(latest, time);
        return record.set(latest, kind, stream, iova, bytes);
    }

    /** Writes the record that was begun. */
    void put() throws IOException {
        out.write(record);
        records[record.kindCode()]++;
    }

    /** Counts what is passed over or changed. */
    void note(String what) {
        note(what, 1);
    }

    /** Counts so many at once; none is not worth a note. */
    void note(String what, long count) {
        if (count > 0) {
            notes.computeIfAbsent(what, w -> new long[1])[0] += count;
        }
    }

    ImportSummary summary(ImportSource source) {
        Map<TraceKind, Long> byKind = new EnumMap<>(TraceKind.class);
        Map<String, Long> counted = new TreeMap<>();
        for (TraceKind kind : TraceKind.values()) {
            byKind.put(kind, records[kind.code()]);
        }
        notes.forEach((what, count) -> counted.put(what, count[0]));
        return new ImportSummary(source, byKind, counted);
    }
}
