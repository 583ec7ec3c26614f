// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.List;
import java.util.Map;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.iommu.timing.TimedCommands;
import org.iommuemu.measure.Blocker;
import org.iommuemu.measure.Latencies;
import org.iommuemu.measure.Latency;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.PageCounters;
import org.iommuemu.measure.PrefetchFigures;
import org.iommuemu.measure.StreamFigures;
import org.iommuemu.measure.TimeSeries;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.measure.WalkFigures;
import org.iommuemu.report.html.Digits;
import org.iommuemu.report.html.Markup;
import org.iommuemu.report.html.Table;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.ResourceStatistics;
import org.iommuemu.time.Waits;

/** The times of a replay on a page: tables here, charts in {@link TimingCharts}. */
final class TimingHtml {
    static final double NANOSECOND = Picoseconds.PER_NANOSECOND;
    static final double MICROSECOND = Picoseconds.PER_MICROSECOND;
    static final double GIGA = 1e9;

    private static final double MEGA = 1e6;
    private static final int MOST_STREAMS = 100;
    private static final int MOST_BLOCKERS = 20;
    private static final double[] PERCENTILES = {50, 90, 95, 99, 99.9};

    private TimingHtml() {}

    static void into(Markup m, TimingReport t) {
        m.leaf("h2", "Summary");
        summary(t).into(m);
        m.leaf("h2", "Latency in the IOMMU");
        charts(m, () -> {
            TimingCharts.distribution(m, t.latencies());
            TimingCharts.parts(m, t.latencies());
        });
        percentiles(t.latencies()).into(m);
        m.leaf("h3", "What the time was spent on");
        parts(t.latencies()).into(m);
        m.leaf("h2", "Over time");
        charts(m, () -> TimingCharts.overTime(m, t));
        series(t.series())
                .folded(m, "Every interval, of " + Digits.of(t.series().width() / NANOSECOND) + " ns");
        m.leaf("h2", "Walks");
        charts(m, () -> TimingCharts.walks(m, t.walks()));
        walks(t.walks()).into(m);
        m.leaf("h3", "Caches, while it was measured");
        ReplayHtml.caches(t.caches()).into(m);
        if (t.prefetch().issued() > 0) {
            m.leaf("h3", "Prefetched");
            prefetched(t.prefetch()).into(m);
        }
        m.leaf("h3", "By page of 4 KiB of payload");
        pages(t.pages()).into(m);
        m.leaf("h2", "Streams");
        streams(m, t);
        m.leaf("h2", "Resources");
        charts(m, () -> TimingCharts.occupancy(m, t.resources()));
        resources(t.resources()).into(m);
        m.leaf("h3", "Who waited for what");
        waits(t.resources()).into(m);
        blockers(m, t.blockers());
        commands(m, t.commands());
    }

    private static void charts(Markup m, Runnable some) {
        m.open("div", "class", "charts");
        some.run();
        m.close();
    }

    private static Table summary(TimingReport t) {
        Table table = new Table().text("what").number("value").text("unit");
        table.row("machine", t.settings().name(), "");
        table.row(
                "arrival",
                t.outstanding() == 0 ? "as the trace has it" : Digits.of(t.outstanding()),
                t.outstanding() == 0 ? "" : "under way at once");
        MeasureWindow w = t.window();
        if (w.isPartial()) {
            table.row("skipped", Digits.of(w.skip()), "accesses");
            table.row("warm-up", Digits.of(w.warmUp()), "accesses");
        }
        table.row("measured", Digits.of(t.transactions()), "transactions");
        table.row("refused", Digits.of(t.refused()), "transactions");
        table.row("time", Digits.of(t.span() / MICROSECOND), "µs");
        table.row("throughput", Digits.of(t.perSecond(t.transactions()) / MEGA), "M transactions/s");
        table.row("bandwidth of reads", Digits.of(t.perSecond(t.bytesRead()) / GIGA), "GB/s");
        table.row("bandwidth of writes", Digits.of(t.perSecond(t.bytesWritten()) / GIGA), "GB/s");
        table.row("mean latency", Digits.of(t.latencies().all().mean() / NANOSECOND), "ns");
        for (Outcome o : Outcome.values()) {
            table.row(o.plural(), share(t.latencies().count(o), t.transactions()), "of transactions");
        }
        return table;
    }

    private static String share(long some, long all) {
        return Digits.percent(all == 0 ? 0 : (double) some / all);
    }

    private static Table percentiles(Latencies l) {
        Table table = latencies("transactions");
        latency(table, "all", l.all());
        latency(table, "reads", l.reads());
        latency(table, "writes", l.writes());
        l.outcomes().forEach((o, latency) -> latency(table, o.plural(), latency));
        return table;
    }

    private static Table latencies(String what) {
        Table table = new Table().text(what).number("count").number("mean, ns");
        for (double p : PERCENTILES) {
            table.number("p" + Digits.of(p) + ", ns");
        }
        return table.number("max, ns");
    }

    private static void latency(Table table, String name, Latency l) {
        String[] cells = new String[PERCENTILES.length + 4];
        cells[0] = name;
        cells[1] = Digits.of(l.count());
        cells[2] = Digits.of(l.mean() / NANOSECOND);
        for (int i = 0; i < PERCENTILES.length; i++) {
            cells[3 + i] = Digits.of(l.percentile(PERCENTILES[i]) / NANOSECOND);
        }
        cells[cells.length - 1] = Digits.of(l.max() / NANOSECOND);
        table.row(cells);
    }

    private static Table parts(Latencies l) {
        Table table = new Table()
                .text("part")
                .number("share")
                .number("together, µs")
                .number("mean, ns")
                .number("p50, ns")
                .number("p99, ns")
                .number("max, ns");
        for (Map.Entry<LatencyPart, Latency> e : l.parts().entrySet()) {
            Latency part = e.getValue();
            table.row(
                    e.getKey().text(),
                    Digits.percent(l.share(e.getKey())),
                    Digits.of(part.total() / MICROSECOND),
                    Digits.of(part.mean() / NANOSECOND),
                    Digits.of(part.percentile(50) / NANOSECOND),
                    Digits.of(part.percentile(99) / NANOSECOND),
                    Digits.of(part.max() / NANOSECOND));
        }
        return table;
    }

    private static Table series(TimeSeries s) {
        Table table = new Table()
                .number("from, µs")
                .number("ended")
                .number("hits")
                .number("merged misses")
                .number("misses")
                .number("bytes read")
                .number("bytes written")
                .number("mean latency, ns")
                .number("under way");
        for (int i = 0; i < s.buckets().size(); i++) {
            TimeSeries.Bucket b = s.buckets().get(i);
            table.row(
                    Digits.fixed(i * (double) s.width() / MICROSECOND, 3),
                    Digits.of(b.transactions()),
                    Digits.of(b.hits()),
                    Digits.of(b.merged()),
                    Digits.of(b.misses()),
                    Digits.of(b.bytesRead()),
                    Digits.of(b.bytesWritten()),
                    Digits.fixed(b.meanLatency() / NANOSECOND, 1),
                    Digits.fixed(b.inFlight(), 2));
        }
        return table;
    }

    private static Table walks(WalkFigures w) {
        return new Table()
                .text("read from memory in order to translate")
                .number("count")
                .row("structures of configuration", Digits.of(w.configurationReads()))
                .row("descriptors of the first stage", Digits.of(w.stage1Reads()))
                .row("descriptors of the second stage", Digits.of(w.stage2Reads()))
                .row("reads for each miss", Digits.of(w.readsPerWalk()));
    }

    private static Table prefetched(PrefetchFigures p) {
        return new Table()
                .text("translations")
                .number("count")
                .number("share")
                .row("fetched before anybody asked", Digits.of(p.issued()), share(p.issued(), p.issued()))
                .row("used", Digits.of(p.useful()), share(p.useful(), p.issued()))
                .row("used before they were there", Digits.of(p.late()), share(p.late(), p.issued()));
    }

    private static Table pages(PageCounters p) {
        Table table = new Table().text("counter").number("count").number("by page");
        count(table, p, "lookups, each transaction once", p.firstLookups());
        count(table, p, "lookups, once more after a wait", p.allLookups());
        count(table, p, "misses", p.misses());
        count(table, p, "invalidations", p.invalidations());
        count(table, p, "memory accesses", p.memoryAccesses());
        return table;
    }

    private static void count(Table table, PageCounters p, String name, long n) {
        table.row(name, Digits.of(n), Digits.of(p.perPage(n)));
    }

    private static void streams(Markup m, TimingReport t) {
        if (t.streams().size() > 1) {
            charts(m, () -> TimingCharts.streams(m, t.streams()));
            m.leaf(
                    "p",
                    "Jain's fairness index: " + Digits.fixed(t.fairness().bandwidth(), 3) + " by bandwidth, "
                            + Digits.fixed(t.fairness().latency(), 3) + " by mean latency.");
        }
        Table table = new Table()
                .text("stream")
                .number("reads")
                .number("writes")
                .number("MB read")
                .number("MB written")
                .number("GB/s")
                .number("hits")
                .number("merged misses")
                .number("misses")
                .number("refused")
                .number("mean, ns")
                .number("p50, ns")
                .number("p99, ns")
                .number("max, ns")
                .number("waited in order, µs");
        t.streams().stream().limit(MOST_STREAMS).forEach(s -> stream(table, t, s));
        table.into(m);
        if (t.streams().size() > MOST_STREAMS) {
            m.leaf("p", "And " + Digits.of(t.streams().size() - MOST_STREAMS) + " more, with fewer transactions.");
        }
    }

    private static void stream(Table table, TimingReport t, StreamFigures s) {
        table.row(
                Streams.text(s.stream()),
                Digits.of(s.reads()),
                Digits.of(s.writes()),
                Digits.of(s.bytesRead() / MEGA),
                Digits.of(s.bytesWritten() / MEGA),
                Digits.of(t.perSecond(s.bytes()) / GIGA),
                share(s.hits(), s.transactions()),
                share(s.merged(), s.transactions()),
                share(s.misses(), s.transactions()),
                Digits.of(s.refused()),
                Digits.of(s.latency().mean() / NANOSECOND),
                Digits.of(s.latency().percentile(50) / NANOSECOND),
                Digits.of(s.latency().percentile(99) / NANOSECOND),
                Digits.of(s.latency().max() / NANOSECOND),
                Digits.of(s.ordered() / MICROSECOND));
    }

    private static Table resources(List<ResourceStatistics> resources) {
        Table table = new Table()
                .text("resource")
                .number("capacity")
                .number("uses")
                .number("in use, mean")
                .number("at most");
        for (ResourceStatistics r : resources) {
            table.row(
                    r.name(),
                    Digits.of(r.capacity()),
                    Digits.of(r.uses()),
                    Digits.fixed(r.average(), 2),
                    Digits.of(r.peak()));
        }
        return table;
    }

    private static Table waits(List<ResourceStatistics> resources) {
        Table table = new Table()
                .text("resource")
                .text("who")
                .number("uses")
                .number("waited")
                .number("share")
                .number("together, µs")
                .number("longest, ns");
        for (ResourceStatistics r : resources) {
            for (Waits w : r.waits()) {
                table.row(
                        r.name(),
                        w.waiter(),
                        Digits.of(w.uses()),
                        Digits.of(w.waits()),
                        share(w.waits(), w.uses()),
                        Digits.of(w.total() / MICROSECOND),
                        Digits.of(w.longest() / NANOSECOND));
            }
        }
        return table;
    }

    private static void commands(Markup m, Map<TimedCommands.Kind, Latency> commands) {
        Table table = latencies("commands");
        commands.forEach((kind, latency) -> latency(table, kind.text(), latency));
        if (!table.isEmpty()) {
            m.leaf("h3", "Commands, from when software told of them");
            table.into(m);
        }
    }

    private static void blockers(Markup m, List<Blocker> blockers) {
        if (blockers.isEmpty()) {
            return;
        }
        m.leaf("h3", "Whom others, translated already, waited for");
        Table table = new Table().text("stream").text("which").number("waited").number("together, µs");
        blockers.stream()
                .limit(MOST_BLOCKERS)
                .forEach(b -> table.row(
                        Streams.text(b.stream()),
                        b.outcome().plural(),
                        Digits.of(b.delayed()),
                        Digits.of(b.time() / MICROSECOND)));
        table.into(m);
    }
}
