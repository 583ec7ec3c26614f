// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.iommuemu.iommu.timing.TimedCommands;
import org.iommuemu.measure.Blocker;
import org.iommuemu.measure.Latency;
import org.iommuemu.measure.StreamFigures;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.report.html.Digits;
import org.iommuemu.report.html.Markup;
import org.iommuemu.report.html.Table;
import org.iommuemu.time.Picoseconds;

/** The times of a replay on a page: its order, and what belongs to streams; {@link TimingTables} and {@link TimingCharts} have the rest. */
final class TimingHtml {
    static final double NANOSECOND = Picoseconds.PER_NANOSECOND;
    static final double MICROSECOND = Picoseconds.PER_MICROSECOND;
    static final double GIGA = 1e9;

    private static final double MEGA = 1e6;
    private static final int MOST_STREAMS = 100;
    private static final int MOST_BLOCKERS = 20;

    private TimingHtml() {}

    static void into(Markup m, TimingReport t) {
        m.leaf("h2", "Summary");
        TimingTables.summary(t).into(m);
        m.leaf("h2", "Latency " + TimingText.whose(t));
        charts(m, () -> {
            TimingCharts.distribution(m, t.latencies());
            TimingCharts.parts(m, t.latencies());
        });
        TimingTables.percentiles(t.latencies()).into(m);
        m.leaf("h3", "What the time was spent on");
        TimingTables.parts(t.latencies()).into(m);
        m.leaf("h2", "Over time");
        charts(m, () -> TimingCharts.overTime(m, t));
        TimingTables.series(t.series())
                .folded(m, "Every interval, of " + Digits.of(t.series().width() / NANOSECOND) + " ns");
        m.leaf("h2", "Walks");
        charts(m, () -> TimingCharts.walks(m, t.walks()));
        TimingTables.walks(t.walks()).into(m);
        m.leaf("h3", "Caches, while it was measured");
        ReplayHtml.caches(t.caches()).into(m);
        if (t.prefetch().issued() > 0) {
            m.leaf("h3", "Prefetched");
            TimingTables.prefetched(t.prefetch()).into(m);
        }
        m.leaf("h3", "By page of 4 KiB of payload");
        TimingTables.pages(t.pages()).into(m);
        m.leaf("h2", "Streams");
        streams(m, t);
        m.leaf("h2", "Resources");
        charts(m, () -> TimingCharts.occupancy(m, t.resources()));
        TimingTables.resources(t.resources()).into(m);
        m.leaf("h3", "Who waited for what");
        TimingTables.waits(t.resources()).into(m);
        blockers(m, t.blockers());
        commands(m, t.commands());
    }

    private static void charts(Markup m, Runnable some) {
        m.open("div", "class", "charts");
        some.run();
        m.close();
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
                TimingTables.share(s.hits(), s.transactions()),
                TimingTables.share(s.merged(), s.transactions()),
                TimingTables.share(s.misses(), s.transactions()),
                Digits.of(s.refused()),
                Digits.of(s.latency().mean() / NANOSECOND),
                Digits.of(s.latency().percentile(50) / NANOSECOND),
                Digits.of(s.latency().percentile(99) / NANOSECOND),
                Digits.of(s.latency().max() / NANOSECOND),
                Digits.of(s.ordered() / MICROSECOND));
    }

    private static void commands(Markup m, Map<TimedCommands.Kind, Latency> commands) {
        Table table = TimingTables.latencies("commands");
        commands.forEach((kind, latency) -> {
            if (latency.count() > 0) {
                TimingTables.latency(table, kind.name().toLowerCase(Locale.ROOT).replace('_', ' '), latency);
            }
        });
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
