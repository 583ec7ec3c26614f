// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.measure.Blocker;
import org.iommuemu.measure.Latency;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.PageCounters;
import org.iommuemu.measure.StreamFigures;
import org.iommuemu.measure.TimeSeries;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.measure.WalkFigures;
import org.iommuemu.preset.Parameter;
import org.iommuemu.time.Picoseconds;

/** The times of a replay for programs, with the resolved configuration; names are documented in docs/formats.md. */
final class TimingJson {
    private static final double NANOSECOND = Picoseconds.PER_NANOSECOND;

    private TimingJson() {}

    static Map<String, Object> of(TimingReport t) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("preset", t.settings().name());
        root.put("outstanding", t.outstanding());
        root.put("window", window(t.window()));
        root.put("transactions", t.transactions());
        root.put("picoseconds", t.span());
        root.put("transactionsPerSecond", t.perSecond(t.transactions()));
        root.put("refused", t.refused());
        root.put("bytesRead", t.bytesRead());
        root.put("bytesWritten", t.bytesWritten());
        root.put("readBytesPerSecond", t.perSecond(t.bytesRead()));
        root.put("writtenBytesPerSecond", t.perSecond(t.bytesWritten()));
        root.put("latencyNanoseconds", latency(t.latencies().all()));
        root.put("latencyNanosecondsByKind", kinds(t));
        root.put("latencyNanosecondsByOutcome", outcomes(t));
        root.put("latencyNanosecondsByPart", parts(t));
        for (Outcome o : Outcome.values()) {
            root.put(key(o), t.latencies().count(o));
        }
        root.put("walks", walks(t.walks()));
        root.put("prefetch", t.prefetch());
        root.put("perPageOf4KiB", pages(t.pages()));
        root.put("caches", t.caches());
        root.put("streams", t.streams().stream().map(s -> stream(t, s)).toList());
        Map<String, Object> fairness = new LinkedHashMap<>();
        fairness.put("bandwidth", t.fairness().bandwidth());
        fairness.put("latency", t.fairness().latency());
        root.put("jainFairness", fairness);
        root.put("blockers", t.blockers().stream().map(TimingJson::blocker).toList());
        root.put("resources", t.resources());
        Map<String, Object> commands = new LinkedHashMap<>();
        t.commands().forEach((kind, l) -> commands.put(name(kind), latency(l)));
        root.put("commandNanoseconds", commands);
        root.put("series", series(t.series()));
        Map<String, Object> configuration = new LinkedHashMap<>();
        for (Parameter p : Parameter.values()) {
            configuration.put(p.key(), t.settings().text(p));
        }
        root.put("configuration", configuration);
        return root;
    }

    private static String key(Outcome o) {
        return switch (o) {
            case HIT -> "hits";
            case MERGED_MISS -> "mergedMisses";
            case MISS -> "misses";
        };
    }

    private static String name(Enum<?> kind) {
        return kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Map<String, Object> window(MeasureWindow w) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("skip", w.skip());
        out.put("warmUp", w.warmUp());
        out.put("measure", w.measure() == MeasureWindow.ALL ? "all" : w.measure());
        return out;
    }

    private static Map<String, Object> latency(Latency l) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("count", l.count());
        out.put("mean", l.mean() / NANOSECOND);
        for (double p : TimingText.PERCENTILES) {
            out.put(TimingText.name(p), l.percentile(p) / NANOSECOND);
        }
        out.put("max", l.max() / NANOSECOND);
        return out;
    }

    private static Map<String, Object> kinds(TimingReport t) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("reads", latency(t.latencies().reads()));
        out.put("writes", latency(t.latencies().writes()));
        return out;
    }

    private static Map<String, Object> outcomes(TimingReport t) {
        Map<String, Object> out = new LinkedHashMap<>();
        t.latencies().outcomes().forEach((o, l) -> out.put(key(o), latency(l)));
        return out;
    }

    private static Map<String, Object> parts(TimingReport t) {
        Map<String, Object> out = new LinkedHashMap<>();
        for (LatencyPart p : LatencyPart.values()) {
            Map<String, Object> part = latency(t.latencies().of(p));
            part.put("share", t.latencies().share(p));
            out.put(name(p), part);
        }
        return out;
    }

    private static Map<String, Object> walks(WalkFigures w) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("walks", w.walks());
        out.put("tableReads", w.reads());
        out.put("configurationReads", w.configurationReads());
        out.put("stage1Reads", w.stage1Reads());
        out.put("stage2Reads", w.stage2Reads());
        out.put("prefetchReads", w.prefetchReads());
        out.put("readsPerWalk", w.readsPerWalk());
        Map<String, Object> byReads = new LinkedHashMap<>();
        for (int i = 0; i < w.byReads().size(); i++) {
            if (w.byReads().get(i) > 0) {
                byReads.put(Integer.toString(i), w.byReads().get(i));
            }
        }
        out.put("walksByReads", byReads);
        return out;
    }

    private static Map<String, Object> pages(PageCounters p) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("pages", p.pages());
        out.put("firstLookups", p.perPage(p.firstLookups()));
        out.put("allLookups", p.perPage(p.allLookups()));
        out.put("misses", p.perPage(p.misses()));
        out.put("invalidations", p.perPage(p.invalidations()));
        out.put("memoryAccesses", p.perPage(p.memoryAccesses()));
        return out;
    }

    private static Map<String, Object> stream(TimingReport t, StreamFigures s) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("stream", TimingText.stream(s.stream()));
        out.put("reads", s.reads());
        out.put("writes", s.writes());
        out.put("bytesRead", s.bytesRead());
        out.put("bytesWritten", s.bytesWritten());
        out.put("bytesPerSecond", t.perSecond(s.bytes()));
        out.put("hits", s.hits());
        out.put("mergedMisses", s.merged());
        out.put("misses", s.misses());
        out.put("refused", s.refused());
        out.put("latencyNanoseconds", latency(s.latency()));
        out.put("orderedNanoseconds", s.ordered() / NANOSECOND);
        return out;
    }

    private static Map<String, Object> blocker(Blocker b) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("stream", TimingText.stream(b.stream()));
        out.put("outcome", b.outcome().text());
        out.put("delayed", b.delayed());
        out.put("nanoseconds", b.time() / NANOSECOND);
        return out;
    }

    private static Map<String, Object> series(TimeSeries s) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("intervalNanoseconds", s.width() / NANOSECOND);
        out.put("transactions", column(s, TimeSeries.Bucket::transactions));
        out.put("bytesRead", column(s, TimeSeries.Bucket::bytesRead));
        out.put("bytesWritten", column(s, TimeSeries.Bucket::bytesWritten));
        out.put("hits", column(s, TimeSeries.Bucket::hits));
        out.put("mergedMisses", column(s, TimeSeries.Bucket::merged));
        out.put("misses", column(s, TimeSeries.Bucket::misses));
        List<Double> latencies = new ArrayList<>();
        List<Double> inFlight = new ArrayList<>();
        for (TimeSeries.Bucket b : s.buckets()) {
            latencies.add(b.meanLatency() / NANOSECOND);
            inFlight.add(b.inFlight());
        }
        out.put("meanLatencyNanoseconds", latencies);
        out.put("inFlight", inFlight);
        return out;
    }

    private static List<Long> column(TimeSeries s, ToLongFunction<TimeSeries.Bucket> figure) {
        return s.buckets().stream().mapToLong(figure).boxed().toList();
    }
}
