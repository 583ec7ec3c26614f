// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.iommuemu.report.html.Digits;
import org.iommuemu.report.html.Markup;
import org.iommuemu.report.html.Page;
import org.iommuemu.report.html.Table;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.reuse.MissCurve;
import org.iommuemu.trace.stat.MappingFigures;
import org.iommuemu.trace.stat.StreamTotals;
import org.iommuemu.trace.stat.TimeSpans;
import org.iommuemu.trace.stat.TraceStatistics;

/** What is in a trace, as a page; its charts are in {@link TraceStatisticsCharts}. */
public final class TraceStatisticsHtml {
    private static final int MOST_STREAMS = 100;
    private static final int MOST_LENGTHS = 20;
    private static final double NANOSECOND = Picoseconds.PER_NANOSECOND;
    private static final double MICROSECOND = Picoseconds.PER_MICROSECOND;
    private static final double[] REACHES = {0.5, 0.9, 0.99, 1};

    private TraceStatisticsHtml() {}

    /** The document. */
    public static String of(String name, String provenance, TraceStatistics s) {
        MissCurve curve = s.curve();
        return Page.of("Trace " + name, m -> {
            provenance.lines().forEach(line -> m.leaf("p", line));
            summary(s).into(m);
            m.leaf("h2", "Reuse");
            m.open("div", "class", "charts");
            TraceStatisticsCharts.misses(m, curve);
            TraceStatisticsCharts.distances(m, s);
            m.close();
            misses(curve).into(m);
            m.leaf("h3", "Entries for so many of the hits that an LRU cache can have");
            reach(curve).into(m);
            m.leaf("h2", "Over time");
            m.open("div", "class", "charts");
            workingSets(m, s);
            TraceStatisticsCharts.spans(m, "from an access to the next", "accesses", s.gaps());
            TraceStatisticsCharts.spans(
                    m, "from map to unmap", "pages", s.mappings().lifetimes());
            m.close();
            spans(s).into(m);
            m.leaf("h2", "Pages");
            pages(s).into(m);
            m.leaf("h2", "Lengths");
            m.open("div", "class", "charts");
            TraceStatisticsCharts.lengths(m, s.lengths());
            m.close();
            lengths(s).into(m);
            m.leaf("h2", "Streams");
            if (s.streams().size() > 1) {
                m.open("div", "class", "charts");
                TraceStatisticsCharts.streams(m, s.streams());
                m.close();
            }
            Table streams = streams(s.streams());
            if (s.streams().size() > TraceStatisticsCharts.MOST_STREAMS) {
                streams.folded(
                        m, "The busiest " + Math.min(MOST_STREAMS, s.streams().size()));
            } else {
                streams.into(m);
            }
        });
    }

    private static void workingSets(Markup m, TraceStatistics s) {
        Unit unit = Unit.of(s.span());
        double each = unit.picoseconds() / Picoseconds.PER_NANOSECOND;
        long lookups = s.overLookups().window();
        String window = Digits.of(s.overTime().window() / each) + " " + unit.text();
        TraceStatisticsCharts.workingSet(
                m, "pages in each " + Digits.of(lookups) + " lookups", "lookups", 1, s.overLookups());
        TraceStatisticsCharts.workingSet(m, "pages in each " + window, "time, " + unit.text(), each, s.overTime());
    }

    private static Table summary(TraceStatistics s) {
        Table table = new Table().text("").number("value").text("unit");
        table.row("records", Digits.of(s.total()), "");
        for (TraceKind kind : TraceKind.values()) {
            if (s.records(kind) > 0) {
                table.row(kind.label(), Digits.of(s.records(kind)), "records");
            }
        }
        table.row("time", Digits.of(s.span() / MICROSECOND), "µs");
        table.row("read", Digits.of(s.bytes(TraceKind.READ_DMA)), "bytes");
        table.row("written", Digits.of(s.bytes(TraceKind.WRITE_DMA) + s.bytes(TraceKind.ATOMIC_DMA)), "bytes");
        table.row("maps", Digits.of(s.perSecond(TraceKind.MAP)), "per second");
        table.row("unmaps", Digits.of(s.perSecond(TraceKind.UNMAP)), "per second");
        table.row("streams", Digits.of(s.streams().size()), "");
        table.row("footprint", Digits.of(s.footprint()), "bytes of pages");
        table.row("mapped at once, at most", Digits.of(s.mappings().mostBytes()), "bytes");
        return table;
    }

    private static Table misses(MissCurve c) {
        Table table = new Table().number("LRU entries").number("misses").number("miss ratio");
        table.row("0", Digits.of(c.lookups()), Digits.percent(c.missRatio(0)));
        for (long size = 1; size < 2L * c.longest(); size *= 2) {
            table.row(Digits.of(size), Digits.of(c.misses(size)), Digits.percent(c.missRatio(size)));
        }
        long compulsory = c.misses(c.longest());
        table.row("any", Digits.of(compulsory), Digits.percent(c.missRatio(c.longest())));
        table.row("of them first lookups", Digits.of(c.cold()), "");
        table.row("first after an invalidation", Digits.of(c.invalidated()), "");
        table.row("refused, not counted above", Digits.of(c.refused()), "");
        return table;
    }

    private static Table reach(MissCurve c) {
        Table table = new Table().number("hits").number("entries");
        Arrays.stream(REACHES)
                .forEach(share -> table.row(Digits.percent(share), Digits.of((long) c.entriesFor(share))));
        return table;
    }

    private static Table spans(TraceStatistics s) {
        Table table = new Table()
                .text("")
                .number("count")
                .number("of them 0")
                .number("mean, ns")
                .number("p50, ns")
                .number("p99, ns")
                .number("max, ns");
        row(table, "from an access to the next", s.gaps());
        row(table, "from map to unmap", s.mappings().lifetimes());
        return table;
    }

    private static void row(Table table, String name, TimeSpans t) {
        table.row(
                name,
                Digits.of(t.count()),
                Digits.of(t.powers().of(0)),
                Digits.of(t.mean() / NANOSECOND),
                Digits.of(t.percentile(50) / NANOSECOND),
                Digits.of(t.percentile(99) / NANOSECOND),
                Digits.of(t.max() / NANOSECOND));
    }

    private static Table pages(TraceStatistics s) {
        MappingFigures m = s.mappings();
        TreeSet<Integer> shifts = new TreeSet<>(s.pages().keySet());
        shifts.addAll(m.mapped().keySet());
        Table table =
                new Table().text("page").number("looked up").number("mapped").number("unmapped");
        for (int shift : shifts) {
            table.row(
                    Digits.bytes(1L << shift),
                    Digits.of(s.pages().getOrDefault(shift, 0L)),
                    Digits.of(m.mapped().getOrDefault(shift, 0L)),
                    Digits.of(m.unmapped().getOrDefault(shift, 0L)));
        }
        return table;
    }

    private static Table lengths(TraceStatistics s) {
        Table table = new Table().number("bytes").number("accesses");
        for (Map.Entry<Long, Long> e : s.lengths().frequent(MOST_LENGTHS).entrySet()) {
            table.row(Digits.of((long) e.getKey()), Digits.of((long) e.getValue()));
        }
        return table;
    }

    private static Table streams(List<StreamTotals> streams) {
        Table table = new Table()
                .text("stream")
                .number("reads")
                .number("writes")
                .number("bytes")
                .number("address spaces")
                .number("pages")
                .number("bytes of pages");
        streams.stream()
                .limit(MOST_STREAMS)
                .forEach(t -> table.row(
                        Streams.text(Integer.toUnsignedLong(t.stream())),
                        Digits.of(t.reads()),
                        Digits.of(t.writes()),
                        Digits.of(t.bytes()),
                        Digits.of((long) t.spaces()),
                        Digits.of(t.pages()),
                        Digits.of(t.pageBytes())));
        return table;
    }
}
