// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.iommuemu.report.html.Digits;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.reuse.MissCurve;
import org.iommuemu.trace.stat.MappingFigures;
import org.iommuemu.trace.stat.StreamTotals;
import org.iommuemu.trace.stat.TimeSpans;
import org.iommuemu.trace.stat.TraceStatistics;
import org.iommuemu.trace.stat.WorkingSet;

/** What is in a trace, as text. */
public final class TraceStatisticsText {
    private static final int LENGTHS_SHOWN = 8;
    private static final int STREAMS_SHOWN = 4;
    private static final double NANOSECOND = Picoseconds.PER_NANOSECOND;
    private static final double MICROSECOND = Picoseconds.PER_MICROSECOND;
    private static final double HUNDRED = 100;
    private static final double[] REACHES = {0.5, 0.9, 0.99, 1};

    private TraceStatisticsText() {}

    /** Lines as those of a replay, and the misses of caches. */
    public static String of(String name, String provenance, TraceStatistics s) {
        StringBuilder text = new StringBuilder();
        line(text, "trace", "%s", name);
        provenance.lines().forEach(l -> line(text, "from", "%s", l));
        String kinds = Arrays.stream(TraceKind.values())
                .filter(kind -> s.records(kind) > 0)
                .map(kind -> String.format(Locale.ROOT, "%s %,d", kind.label(), s.records(kind)))
                .collect(Collectors.joining(", "));
        line(text, "records", "%,d: %s", s.total(), kinds.isEmpty() ? "none" : kinds);
        line(text, "time", "%,.3f us", s.span() / MICROSECOND);
        line(
                text,
                "bytes",
                "%,d read, %,d written, %,d atomic",
                s.bytes(TraceKind.READ_DMA),
                s.bytes(TraceKind.WRITE_DMA),
                s.bytes(TraceKind.ATOMIC_DMA));
        String frequent = s.lengths().frequent(LENGTHS_SHOWN).entrySet().stream()
                .map(e -> String.format(Locale.ROOT, "%,d B %,d", e.getKey(), e.getValue()))
                .collect(Collectors.joining(", "));
        int different = s.lengths().different();
        line(text, "lengths", "%,d: %s%s", different, frequent, different > LENGTHS_SHOWN ? ", ..." : "");
        spans(text, "gaps", s.gaps());
        streams(text, s.streams());
        line(text, "footprint", "%s: %,d bytes", pages(s.pages()), s.footprint());
        mappings(text, s);
        workingSet(text, "lookups", s.overLookups());
        workingSet(text, "ns", s.overTime());
        reuse(text, s.curve());
        return text.toString();
    }

    private static void streams(StringBuilder text, List<StreamTotals> streams) {
        String busiest = streams.stream()
                .limit(STREAMS_SHOWN)
                .map(t -> String.format(
                        Locale.ROOT, "%s %,d accesses %,d pages", Streams.text(t.stream()), t.accesses(), t.pages()))
                .collect(Collectors.joining(", "));
        line(text, "streams", "%,d: %s%s", streams.size(), busiest, streams.size() > STREAMS_SHOWN ? ", ..." : "");
    }

    private static void mappings(StringBuilder text, TraceStatistics s) {
        MappingFigures m = s.mappings();
        line(
                text,
                "mapped",
                "%s, %,.0f maps/s; %,d bytes at once at most",
                pages(m.mapped()),
                s.perSecond(TraceKind.MAP),
                m.mostBytes());
        line(text, "unmapped", "%s, %,.0f unmaps/s", pages(m.unmapped()), s.perSecond(TraceKind.UNMAP));
        spans(text, "lifetimes", m.lifetimes());
    }

    /** A distribution of times on one line. */
    private static void spans(StringBuilder text, String label, TimeSpans t) {
        line(
                text,
                label,
                "%,d: mean %,.3f ns, p50 %,.3f, p99 %,.3f, max %,.3f",
                t.count(),
                t.mean() / NANOSECOND,
                t.percentile(50) / NANOSECOND,
                t.percentile(99) / NANOSECOND,
                t.max() / NANOSECOND);
    }

    private static void workingSet(StringBuilder text, String unit, WorkingSet w) {
        line(
                text,
                "working set",
                "per %,d %s: %,.1f pages on average, %,d at most",
                w.window(),
                unit,
                w.mean(),
                w.most());
    }

    private static void reuse(StringBuilder text, MissCurve c) {
        line(
                text,
                "reuse",
                "%,d lookups, %,d of them first ones, %,d first ones after an invalidation; %,d refused",
                c.lookups(),
                c.cold(),
                c.invalidated(),
                c.refused());
        if (c.longest() == 0) {
            return;
        }
        String reaches = Arrays.stream(REACHES)
                .mapToObj(r -> String.format(Locale.ROOT, "%,d for %.0f %%", c.entriesFor(r), r * HUNDRED))
                .collect(Collectors.joining(", "));
        line(text, "reach", "LRU entries for so many of the hits that a cache can have: %s", reaches);
        text.append(String.format(Locale.ROOT, "\n%13s %16s %10s\n", "LRU entries", "misses", "miss ratio"));
        for (long size = 1; size < 2L * c.longest(); size *= 2) {
            text.append(String.format(
                    Locale.ROOT, "%,13d %,16d %8.3f %%\n", size, c.misses(size), c.missRatio(size) * HUNDRED));
        }
    }

    /** Numbers of pages by size. */
    private static String pages(Map<Integer, Long> sizes) {
        return sizes.isEmpty()
                ? "no pages"
                : sizes.entrySet().stream()
                        .map(e -> String.format(
                                Locale.ROOT, "%,d pages of %s", e.getValue(), Digits.bytes(1L << e.getKey())))
                        .collect(Collectors.joining(", "));
    }

    private static void line(StringBuilder text, String label, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-13s ", label))
                .append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }
}
