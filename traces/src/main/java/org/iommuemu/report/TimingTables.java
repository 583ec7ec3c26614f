// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.List;
import java.util.Map;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.measure.Latencies;
import org.iommuemu.measure.Latency;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.PageCounters;
import org.iommuemu.measure.PrefetchFigures;
import org.iommuemu.measure.TimeSeries;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.measure.WalkFigures;
import org.iommuemu.report.html.Digits;
import org.iommuemu.report.html.Table;
import org.iommuemu.time.ResourceStatistics;
import org.iommuemu.time.Waits;

/** Tables of a timed replay. */
final class TimingTables {
    private static final double MEGA = 1e6;
    private static final double[] PERCENTILES = {50, 90, 95, 99, 99.9};

    private TimingTables() {}

    static Table summary(TimingReport t) {
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
        table.row("time", Digits.of(t.span() / TimingHtml.MICROSECOND), "µs");
        table.row("throughput", Digits.of(t.perSecond(t.transactions()) / MEGA), "M transactions/s");
        table.row("bandwidth of reads", Digits.of(t.perSecond(t.bytesRead()) / TimingHtml.GIGA), "GB/s");
        table.row("bandwidth of writes", Digits.of(t.perSecond(t.bytesWritten()) / TimingHtml.GIGA), "GB/s");
        table.row("mean latency", Digits.of(t.latencies().all().mean() / TimingHtml.NANOSECOND), "ns");
        for (Outcome o : Outcome.values()) {
            table.row(o.plural(), share(t.latencies().count(o), t.transactions()), "of transactions");
        }
        return table;
    }

    static Table percentiles(Latencies l) {
        Table table = latencies("transactions");
        latency(table, "all", l.all());
        latency(table, "reads", l.reads());
        latency(table, "writes", l.writes());
        l.outcomes().forEach((o, latency) -> latency(table, o.plural(), latency));
        return table;
    }

    static Table latencies(String what) {
        Table table = new Table().text(what).number("count").number("mean, ns");
        for (double p : PERCENTILES) {
            table.number("p" + Digits.of(p) + ", ns");
        }
        return table.number("max, ns");
    }

    static void latency(Table table, String name, Latency l) {
        String[] cells = new String[PERCENTILES.length + 4];
        cells[0] = name;
        cells[1] = Digits.of(l.count());
        cells[2] = Digits.of(l.mean() / TimingHtml.NANOSECOND);
        for (int i = 0; i < PERCENTILES.length; i++) {
            cells[3 + i] = Digits.of(l.percentile(PERCENTILES[i]) / TimingHtml.NANOSECOND);
        }
        cells[cells.length - 1] = Digits.of(l.max() / TimingHtml.NANOSECOND);
        table.row(cells);
    }

    static Table parts(Latencies l) {
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
                    Digits.of(part.total() / TimingHtml.MICROSECOND),
                    Digits.of(part.mean() / TimingHtml.NANOSECOND),
                    Digits.of(part.percentile(50) / TimingHtml.NANOSECOND),
                    Digits.of(part.percentile(99) / TimingHtml.NANOSECOND),
                    Digits.of(part.max() / TimingHtml.NANOSECOND));
        }
        return table;
    }

    static Table series(TimeSeries s) {
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
                    Digits.fixed(i * (double) s.width() / TimingHtml.MICROSECOND, 3),
                    Digits.of(b.transactions()),
                    Digits.of(b.hits()),
                    Digits.of(b.merged()),
                    Digits.of(b.misses()),
                    Digits.of(b.bytesRead()),
                    Digits.of(b.bytesWritten()),
                    Digits.fixed(b.meanLatency() / TimingHtml.NANOSECOND, 1),
                    Digits.fixed(b.inFlight(), 2));
        }
        return table;
    }

    static Table walks(WalkFigures w) {
        return new Table()
                .text("read from memory in order to translate")
                .number("count")
                .row("structures of configuration", Digits.of(w.configurationReads()))
                .row("descriptors of the first stage", Digits.of(w.stage1Reads()))
                .row("descriptors of the second stage", Digits.of(w.stage2Reads()))
                .row("reads for each miss", Digits.of(w.readsPerWalk()));
    }

    static Table prefetched(PrefetchFigures p) {
        return new Table()
                .text("translations")
                .number("count")
                .number("share")
                .row("fetched before anybody asked", Digits.of(p.issued()), share(p.issued(), p.issued()))
                .row("used", Digits.of(p.useful()), share(p.useful(), p.issued()))
                .row("used before they were there", Digits.of(p.late()), share(p.late(), p.issued()));
    }

    static Table pages(PageCounters p) {
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

    static Table resources(List<ResourceStatistics> resources) {
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

    static Table waits(List<ResourceStatistics> resources) {
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
                        Digits.of(w.total() / TimingHtml.MICROSECOND),
                        Digits.of(w.longest() / TimingHtml.NANOSECOND));
            }
        }
        return table;
    }

    static String share(long some, long all) {
        return Digits.percent(all == 0 ? 0 : (double) some / all);
    }
}
