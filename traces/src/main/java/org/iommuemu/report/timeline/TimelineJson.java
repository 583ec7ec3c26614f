// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.timeline;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.Writer;
import java.math.BigDecimal;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.report.Streams;
import org.iommuemu.report.timeline.Timeline.Slice;
import org.iommuemu.time.Picoseconds;

/**
 * A {@link Timeline} in the Trace Event Format, as JSON (Google, "Trace Event Format"; Perfetto, "Visualizing external trace formats").
 *
 * <p>Every stream is a process, with as many threads as its transactions need to lie side by side: the lanes. A transaction is a complete
 * event (X), and so is each part of its time, one after the other inside it, in the order of {@link LatencyPart}. The process of the
 * IOMMU has counters (C) of what is under way.
 *
 * <p>Time stamps are in µs, with three decimals: readers count whole nanoseconds, and round or cut off the rest of a start and of a
 * length each by itself. So both ends of every slice are rounded here, and lengths follow from these; parts that come to nothing are left out. What was spent is in the arguments to the picosecond.
 */
public final class TimelineJson {
    private static final LatencyPart[] PARTS = LatencyPart.values();
    private static final int IOMMU = 1;
    private static final int FIRST_STREAM = 2;
    private static final int NANOSECOND_DECIMALS = 3;

    private final JsonGenerator json;
    private final Map<Integer, Integer> processes = new TreeMap<>();

    private TimelineJson(JsonGenerator json) {
        this.json = json;
    }

    /** Writes the document. */
    public static void write(Timeline timeline, Writer out) throws IOException {
        JsonGenerator json = new JsonFactory().createGenerator(out);
        json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        try (json) {
            new TimelineJson(json).document(timeline.slices());
        }
    }

    private void document(List<Slice> kept) throws IOException {
        List<Slice> slices =
                kept.stream().sorted(Comparator.comparingLong(Slice::start)).toList();
        json.writeStartObject();
        json.writeStringField("displayTimeUnit", "ns");
        json.writeArrayFieldStart("traceEvents");
        processes(slices);
        Map<Integer, Lanes> lanes = new TreeMap<>();
        for (Slice s : slices) {
            int lane = lanes.computeIfAbsent(s.stream(), k -> new Lanes())
                    .take(nanoseconds(s.start()), nanoseconds(s.end()));
            slice(s, process(s), lane);
        }
        for (Map.Entry<Integer, Lanes> e : lanes.entrySet()) {
            for (int lane = 0; lane < e.getValue().count(); lane++) {
                name("thread_name", process(e.getKey()), lane, "lane " + lane);
            }
        }
        UnderWay.counts(slices, this::counter);
        json.writeEndArray();
        json.writeEndObject();
        json.writeRaw('\n');
    }

    private void processes(List<Slice> slices) throws IOException {
        slices.forEach(s -> processes.put(s.stream(), 0));
        name("process_name", IOMMU, 0, "IOMMU");
        int pid = FIRST_STREAM;
        for (Map.Entry<Integer, Integer> e : processes.entrySet()) {
            e.setValue(pid);
            name("process_name", pid, 0, "stream " + Streams.text(Integer.toUnsignedLong(e.getKey())));
            pid++;
        }
    }

    private int process(Slice s) {
        return process(s.stream());
    }

    private int process(int stream) {
        return processes.getOrDefault(stream, IOMMU);
    }

    private void name(String kind, int pid, int tid, String name) throws IOException {
        json.writeStartObject();
        json.writeStringField("ph", "M");
        json.writeStringField("name", kind);
        json.writeNumberField("pid", pid);
        json.writeNumberField("tid", tid);
        json.writeObjectFieldStart("args");
        json.writeStringField("name", name);
        json.writeEndObject();
        json.writeEndObject();
    }

    private void slice(Slice s, int pid, int lane) throws IOException {
        begin(
                s.write()
                        ? "write, " + s.outcome().text()
                        : "read, " + s.outcome().text(),
                "dma",
                pid,
                lane);
        span(s.start(), s.end());
        json.writeObjectFieldStart("args");
        json.writeNumberField("number", s.number());
        json.writeStringField("stream", "0x" + Integer.toHexString(s.stream()));
        json.writeStringField("kind", s.write() ? "write" : "read");
        json.writeStringField("iova", "0x" + Long.toHexString(s.iova()));
        json.writeStringField("pa", s.address() < 0 ? "refused" : "0x" + Long.toHexString(s.address()));
        json.writeNumberField("bytes", s.bytes());
        json.writeStringField("outcome", s.outcome().text());
        json.writeNumberField("reads", s.reads());
        json.writeNumberField("ns", exactNanoseconds(s.end() - s.start()));
        json.writeEndObject();
        json.writeEndObject();
        long from = s.start();
        for (LatencyPart p : PARTS) {
            long to = from + s.parts()[p.ordinal()];
            if (nanoseconds(to) > nanoseconds(from)) {
                begin(p.text(), "part", pid, lane);
                span(from, to);
                json.writeObjectFieldStart("args");
                json.writeNumberField("ns", exactNanoseconds(to - from));
                json.writeEndObject();
                json.writeEndObject();
            }
            from = to;
        }
    }

    private void begin(String name, String category, int pid, int tid) throws IOException {
        json.writeStartObject();
        json.writeStringField("ph", "X");
        json.writeStringField("name", name);
        json.writeStringField("cat", category);
        json.writeNumberField("pid", pid);
        json.writeNumberField("tid", tid);
    }

    private void span(long from, long to) throws IOException {
        json.writeNumberField("ts", microseconds(nanoseconds(from)));
        json.writeNumberField("dur", microseconds(nanoseconds(to) - nanoseconds(from)));
    }

    private void counter(String name, long at, long value) throws IOException {
        json.writeStartObject();
        json.writeStringField("ph", "C");
        json.writeStringField("name", name);
        json.writeNumberField("pid", IOMMU);
        json.writeNumberField("tid", 0);
        json.writeNumberField("ts", microseconds(at));
        json.writeObjectFieldStart("args");
        json.writeNumberField("transactions", value);
        json.writeEndObject();
        json.writeEndObject();
    }

    /** To the nearest nanosecond. */
    static long nanoseconds(long picoseconds) {
        return Math.floorDiv(picoseconds + Picoseconds.PER_NANOSECOND / 2, Picoseconds.PER_NANOSECOND);
    }

    private static BigDecimal microseconds(long nanoseconds) {
        return BigDecimal.valueOf(nanoseconds, NANOSECOND_DECIMALS);
    }

    private static BigDecimal exactNanoseconds(long picoseconds) {
        return BigDecimal.valueOf(picoseconds, NANOSECOND_DECIMALS);
    }
}
