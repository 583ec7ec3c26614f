// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.reuse.MissCurve;
import org.iommuemu.trace.stat.MappingFigures;
import org.iommuemu.trace.stat.PowerHistogram;
import org.iommuemu.trace.stat.StreamTotals;
import org.iommuemu.trace.stat.TimeSpans;
import org.iommuemu.trace.stat.TraceStatistics;
import org.iommuemu.trace.stat.WorkingSet;

/** What is in a trace, as JSON. Nothing in it depends on the host. */
public final class TraceStatisticsJson {
    /** Sizes of the miss curve in each octave; all up to twice as many. */
    private static final int PER_OCTAVE = 16;

    private static final int MOST_LENGTHS = 64;

    private TraceStatisticsJson() {}

    /** The document; times in ps unless a name says otherwise. */
    public static String of(String name, String provenance, TraceStatistics s) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("trace", name);
        root.put("provenance", provenance.lines().toList());
        Map<String, Object> records = new LinkedHashMap<>();
        Map<String, Object> bytes = new LinkedHashMap<>();
        records.put("total", s.total());
        records.put("dma", s.accesses());
        for (TraceKind kind : TraceKind.values()) {
            records.put(kind.label(), s.records(kind));
            if (kind.isDma()) {
                bytes.put(kind.label(), s.bytes(kind));
            }
        }
        root.put("records", records);
        root.put("bytes", bytes);
        root.put("span", s.span());
        Map<String, Object> lengths = new LinkedHashMap<>();
        lengths.put("different", s.lengths().different());
        lengths.put("frequent", s.lengths().frequent(MOST_LENGTHS));
        lengths.put("powers", powers(s.lengths().powers()));
        root.put("lengths", lengths);
        root.put("gaps", spans(s.gaps()));
        root.put(
                "streams", s.streams().stream().map(TraceStatisticsJson::stream).toList());
        Map<String, Object> footprint = new LinkedHashMap<>();
        footprint.put("bytes", s.footprint());
        footprint.put("pages", s.pages());
        root.put("footprint", footprint);
        root.put("mappings", mappings(s));
        Map<String, Object> workingSet = new LinkedHashMap<>();
        workingSet.put("overLookups", workingSet(s.overLookups()));
        workingSet.put("overNanoseconds", workingSet(s.overTime()));
        root.put("workingSet", workingSet);
        root.put("reuse", reuse(s));
        return ReplayJson.write(root);
    }

    private static Map<String, Object> stream(StreamTotals t) {
        Map<String, Object> stream = new LinkedHashMap<>();
        stream.put("stream", Integer.toUnsignedLong(t.stream()));
        stream.put("reads", t.reads());
        stream.put("writes", t.writes());
        stream.put("bytes", t.bytes());
        stream.put("addressSpaces", t.spaces());
        stream.put("pages", t.pages());
        stream.put("footprint", t.pageBytes());
        return stream;
    }

    private static Map<String, Object> mappings(TraceStatistics s) {
        MappingFigures m = s.mappings();
        Map<String, Object> mappings = new LinkedHashMap<>();
        mappings.put("mappedPages", m.mapped());
        mappings.put("unmappedPages", m.unmapped());
        mappings.put("mapsPerSecond", s.perSecond(TraceKind.MAP));
        mappings.put("unmapsPerSecond", s.perSecond(TraceKind.UNMAP));
        mappings.put("bytesInTheEnd", m.bytes());
        mappings.put("bytesAtMost", m.mostBytes());
        mappings.put("lifetimes", spans(m.lifetimes()));
        return mappings;
    }

    private static Map<String, Object> spans(TimeSpans t) {
        Map<String, Object> spans = new LinkedHashMap<>();
        spans.put("count", t.count());
        spans.put("mean", t.mean());
        spans.put("p50", t.percentile(50));
        spans.put("p90", t.percentile(90));
        spans.put("p99", t.percentile(99));
        spans.put("p99.9", t.percentile(99.9));
        spans.put("max", t.max());
        spans.put("powers", powers(t.powers()));
        return spans;
    }

    /** By the least value of each class. */
    private static Map<String, Long> powers(PowerHistogram h) {
        Map<String, Long> powers = new LinkedHashMap<>();
        for (int power = h.first(); power < h.end(); power++) {
            powers.put(Long.toUnsignedString(PowerHistogram.least(power)), h.of(power));
        }
        return powers;
    }

    private static Map<String, Object> workingSet(WorkingSet w) {
        Map<String, Object> windows = new LinkedHashMap<>();
        windows.put("window", w.window());
        windows.put("mean", w.mean());
        windows.put("most", w.most());
        windows.put("pages", w.pages());
        return windows;
    }

    private static Map<String, Object> reuse(TraceStatistics s) {
        MissCurve c = s.curve();
        Map<String, Object> reuse = new LinkedHashMap<>();
        reuse.put("lookups", c.lookups());
        reuse.put("cold", c.cold());
        reuse.put("afterInvalidation", c.invalidated());
        reuse.put("refused", c.refused());
        reuse.put("longestDistance", c.longest());
        reuse.put("distancePowers", powers(s.distances()));
        List<Map<String, Object>> points = new ArrayList<>();
        for (int size : c.sizes(PER_OCTAVE)) {
            Map<String, Object> point = new LinkedHashMap<>();
            point.put("entries", size);
            point.put("misses", c.misses(size));
            point.put("missRatio", c.missRatio(size));
            points.add(point);
        }
        reuse.put("lru", points);
        return reuse;
    }
}
