// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.measure.Blocker;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.measure.Latencies;
import org.iommuemu.measure.Latency;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.PageCounters;
import org.iommuemu.measure.StreamFigures;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.measure.WalkFigures;
import org.iommuemu.preset.Parameter;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.ResourceStatistics;
import org.iommuemu.time.Waits;

/** The times of a replay for people, in lines as those of {@link ReplayText}. */
public final class TimingText {
    /** Percentiles that are reported. */
    static final double[] PERCENTILES = {50, 95, 99, 99.9};

    private static final double NANOSECOND = Picoseconds.PER_NANOSECOND;
    private static final double MICROSECOND = Picoseconds.PER_MICROSECOND;
    private static final double PERCENT = 100;
    private static final double MEGA = 1e6;
    private static final double THOUSAND = 1000;
    private static final String[] RATES = {"B/s", "kB/s", "MB/s", "GB/s", "TB/s"};
    private static final int MOST_STREAMS = 10;
    private static final int MOST_RESOURCES = 12;
    private static final int MOST_BLOCKERS = 3;

    private final StringBuilder out = new StringBuilder();

    private TimingText() {}

    /** The text. */
    public static String of(TimingReport t) {
        TimingText text = new TimingText();
        text.head(t);
        text.latencies(t.latencies(), whose(t));
        text.lookups(t);
        text.streams(t);
        text.caches(t);
        text.waits(t);
        text.commands(t);
        return text.out.toString();
    }

    private void head(TimingReport t) {
        line(
                "time",
                "%s, %s; %,d transactions in %,.1f us, %,.2f M/s",
                t.settings().name(),
                t.outstanding() == 0 ? "as the trace has them" : t.outstanding() + " outstanding",
                t.transactions(),
                t.span() / MICROSECOND,
                t.perSecond(t.transactions()) / MEGA);
        MeasureWindow w = t.window();
        if (w.isPartial()) {
            line(
                    "window",
                    "%,d skipped, %,d to warm up, then %s",
                    w.skip(),
                    w.warmUp(),
                    w.measure() == MeasureWindow.ALL ? "all" : String.format(Locale.ROOT, "%,d at most", w.measure()));
        }
        line(
                "bandwidth",
                "%,d reads, %s; %,d writes, %s; %,d refused",
                t.latencies().reads().count(),
                rate(t.perSecond(t.bytesRead())),
                t.latencies().writes().count(),
                rate(t.perSecond(t.bytesWritten())),
                t.refused());
    }

    /** Whose time latencies are. */
    static String whose(TimingReport t) {
        return t.settings().text(Parameter.REPLAY_FROM).equals("iommu") ? "in the IOMMU" : "for the device";
    }

    private void latencies(Latencies l, String whose) {
        line("latency", "%s; %s", percentiles(l.all()), whose);
        if (l.reads().count() > 0 && l.writes().count() > 0) {
            line("", "reads: %s", percentiles(l.reads()));
            line("", "writes: %s", percentiles(l.writes()));
        }
        for (Outcome o : Outcome.values()) {
            if (l.count(o) > 0) {
                line("", "%s: %s", o.plural(), percentiles(l.of(o)));
            }
        }
        String parts = l.parts().entrySet().stream()
                .filter(e -> e.getValue().total() > 0)
                .map(e -> part(l, e.getKey()))
                .collect(Collectors.joining(", "));
        line("spent on", "%s", parts.isEmpty() ? "nothing" : parts);
    }

    private static String part(Latencies l, LatencyPart p) {
        return format("%s %.1f ns (%.1f %%)", p.text(), l.of(p).mean() / NANOSECOND, PERCENT * l.share(p));
    }

    private static String percentiles(Latency l) {
        return format(
                "mean %.1f ns, p50 %.1f, p95 %.1f, p99 %.1f, p99.9 %.1f, max %.1f",
                l.mean() / NANOSECOND,
                l.percentile(PERCENTILES[0]) / NANOSECOND,
                l.percentile(PERCENTILES[1]) / NANOSECOND,
                l.percentile(PERCENTILES[2]) / NANOSECOND,
                l.percentile(PERCENTILES[3]) / NANOSECOND,
                l.max() / NANOSECOND);
    }

    private void lookups(TimingReport t) {
        Latencies l = t.latencies();
        WalkFigures w = t.walks();
        line(
                "lookups",
                "%,d hits, %,d merged misses, %,d misses",
                l.count(Outcome.HIT),
                l.count(Outcome.MERGED_MISS),
                l.count(Outcome.MISS));
        line(
                "table reads",
                "%,d: configuration %,d, stage 1 %,d, stage 2 %,d; %.2f for each miss",
                w.reads(),
                w.configurationReads(),
                w.stage1Reads(),
                w.stage2Reads(),
                w.readsPerWalk());
        if (t.prefetch().issued() > 0) {
            line(
                    "prefetch",
                    "%,d issued, %,d useful, %,d of those late; %,d table reads",
                    t.prefetch().issued(),
                    t.prefetch().useful(),
                    t.prefetch().late(),
                    w.prefetchReads());
        }
        PageCounters p = t.pages();
        if (p.bytes() > 0) {
            line(
                    "per 4 KiB",
                    "%.2f first lookups, %.2f lookups, %.3f misses, %.3f invalidations, %.3f memory accesses",
                    p.perPage(p.firstLookups()),
                    p.perPage(p.allLookups()),
                    p.perPage(p.misses()),
                    p.perPage(p.invalidations()),
                    p.perPage(p.memoryAccesses()));
        }
    }

    private void streams(TimingReport t) {
        if (t.streams().size() < 2) {
            return;
        }
        line(
                "fairness",
                "%.3f by bandwidth, %.3f by latency (Jain), %,d streams",
                t.fairness().bandwidth(),
                t.fairness().latency(),
                t.streams().stream()
                        .filter(s -> s.stream() != StreamFigures.OTHERS)
                        .count());
        for (StreamFigures s :
                t.streams().subList(0, Math.min(MOST_STREAMS, t.streams().size()))) {
            line(
                    "stream",
                    "%s: %,d, %s; %.2f %% hits, %,d merged, %,d missed, %,d refused; mean %.1f ns, p99 %.1f",
                    stream(s.stream()),
                    s.transactions(),
                    rate(t.perSecond(s.bytes())),
                    PERCENT * s.hits() / s.transactions(),
                    s.merged(),
                    s.misses(),
                    s.refused(),
                    s.latency().mean() / NANOSECOND,
                    s.latency().percentile(PERCENTILES[2]) / NANOSECOND);
        }
        if (t.streams().size() > MOST_STREAMS) {
            line("", "and %,d more", t.streams().size() - MOST_STREAMS);
        }
    }

    /** Those of the whole trace follow in any case. */
    private void caches(TimingReport t) {
        if (!t.window().isPartial()) {
            return;
        }
        for (CacheFigures c : t.caches()) {
            line(
                    "in window",
                    "%s: %,d hits, %,d misses (%.2f %% hits), %,d evicted, %,d invalidated; %,d of %,d entries in use",
                    c.name(),
                    c.hits(),
                    c.misses(),
                    c.hitPercent(),
                    c.evictions(),
                    c.invalidations(),
                    c.occupied(),
                    c.entries());
        }
    }

    private void commands(TimingReport t) {
        t.commands().forEach((kind, l) -> {
            if (l.max() > 0) {
                String name = kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
                line("commands", "%s: %,d, %s", name, l.count(), percentiles(l));
            }
        });
    }

    private void waits(TimingReport t) {
        List<ResourceStatistics> used = t.resources().stream()
                .filter(r -> r.uses() > 0)
                .sorted(Comparator.comparingLong(ResourceStatistics::totalWait).reversed())
                .toList();
        for (ResourceStatistics r : used.subList(0, Math.min(MOST_RESOURCES, used.size()))) {
            long waits = r.waits().stream().mapToLong(Waits::waits).sum();
            line(
                    "waits",
                    "%s: %,d of %,d uses waited, %,.1f us together; %.2f in use, at most %.0f",
                    r.name(),
                    waits,
                    r.uses(),
                    r.totalWait() / MICROSECOND,
                    r.average(),
                    r.peak());
        }
        if (used.size() > MOST_RESOURCES) {
            line("", "and %,d more", used.size() - MOST_RESOURCES);
        }
        List<Blocker> top =
                t.blockers().subList(0, Math.min(MOST_BLOCKERS, t.blockers().size()));
        for (Blocker b : top) {
            line(
                    "held up by",
                    "%s of stream %s: %,d, %,.1f us together",
                    b.outcome().plural(),
                    stream(b.stream()),
                    b.delayed(),
                    b.time() / MICROSECOND);
        }
    }

    private static String rate(double bytesPerSecond) {
        double rate = bytesPerSecond;
        int unit = 0;
        while (rate >= THOUSAND && unit < RATES.length - 1) {
            rate /= THOUSAND;
            unit++;
        }
        return format(rate == 0 ? "%.0f %s" : rate < 100 ? "%.2f %s" : "%.1f %s", rate, RATES[unit]);
    }

    /** A stream's name. */
    static String stream(long stream) {
        return stream == StreamFigures.OTHERS ? "others" : "0x" + Long.toHexString(stream);
    }

    /** A percentile's name: p50, p99.9. */
    static String name(double percentile) {
        return "p" + (percentile == Math.rint(percentile) ? Long.toString((long) percentile) : "" + percentile);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private void line(String label, String format, Object... values) {
        out.append(format("%-13s ", label)).append(format(format, values)).append('\n');
    }
}
