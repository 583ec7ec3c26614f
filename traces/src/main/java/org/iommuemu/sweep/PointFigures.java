// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.math.BigInteger;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.measure.Latency;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.replay.ReplaySummary;
import org.iommuemu.replay.TraceReplaySummary;
import org.iommuemu.replay.TraceRun;
import org.iommuemu.time.Picoseconds;

/** The figures of a replay as columns of the results. */
final class PointFigures {
    private final Map<Metric, Long> values = new EnumMap<>(Metric.class);

    private PointFigures() {}

    static Map<Metric, Long> of(SweepPoint point, TraceRun.Result result) {
        PointFigures f = new PointFigures();
        TraceReplaySummary s = result.summary();
        f.counts(s);
        TimingReport timing = result.timing();
        if (timing == null) {
            f.caches(s.machine().caches());
            f.walks(
                    s.machine().walks(),
                    s.machine().walkAccesses().values().stream()
                                    .mapToLong(Long::longValue)
                                    .sum()
                            + s.stage2Reads(),
                    f.values.getOrDefault(Metric.TRANSLATIONS, 0L));
        } else {
            f.caches(timing.caches());
            f.walks(
                    timing.walks().walks(),
                    timing.walks().stage1Reads() + timing.walks().stage2Reads(),
                    timing.transactions());
            f.times(timing);
        }
        f.values.put(Metric.COST, StorageCost.bits(point.settings(), point.timed()));
        return f.values;
    }

    private void counts(TraceReplaySummary s) {
        ReplaySummary m = s.machine();
        ReplaySummary.Transactions t = m.transactions();
        values.put(Metric.RECORDS, s.total());
        values.put(Metric.DMA, s.dma());
        values.put(Metric.TRANSLATIONS, t.translated() + t.passedThrough() + t.refused());
        values.put(Metric.FAULTS, t.refused());
        long commands = 0;
        long invalidations = 0;
        long syncs = 0;
        for (Map.Entry<String, Long> c : m.commands().entrySet()) {
            commands += c.getValue();
            if (c.getKey().contains("TLB") || c.getKey().contains("ATC_INV")) {
                invalidations += c.getValue();
            } else if (c.getKey().contains("SYNC") || c.getKey().equals("WAIT")) {
                syncs += c.getValue();
            }
        }
        values.put(Metric.COMMANDS, commands);
        values.put(Metric.INVALIDATIONS, invalidations);
        values.put(Metric.SYNCS, syncs);
        values.put(Metric.STALE_USES, s.staleAccesses());
        values.put(Metric.COMPARED, m.addresses().compared());
        values.put(Metric.AGREED, m.addresses().agreed());
    }

    private void caches(List<CacheFigures> caches) {
        long walkLookups = 0;
        long walkHits = 0;
        for (CacheFigures c : caches) {
            switch (c.name()) {
                case "iotlb" ->
                    cache(c, Metric.IOTLB_LOOKUPS, Metric.IOTLB_HITS, Metric.IOTLB_MISSES, Metric.IOTLB_MISS_RATIO);
                case "micro-tlb" ->
                    cache(
                            c,
                            Metric.MICRO_TLB_LOOKUPS,
                            Metric.MICRO_TLB_HITS,
                            Metric.MICRO_TLB_MISSES,
                            Metric.MICRO_TLB_MISS_RATIO);
                case "first-level-iotlb" ->
                    cache(
                            c,
                            Metric.FIRST_IOTLB_LOOKUPS,
                            Metric.FIRST_IOTLB_HITS,
                            Metric.FIRST_IOTLB_MISSES,
                            Metric.FIRST_IOTLB_MISS_RATIO);
                case "atc" -> {
                    if (c.entries() > 0) {
                        cache(c, Metric.ATC_LOOKUPS, Metric.ATC_HITS, Metric.ATC_MISSES, Metric.ATC_MISS_RATIO);
                    }
                }
                case "configuration" -> {
                    values.put(Metric.CONFIGURATION_LOOKUPS, c.lookups());
                    values.put(Metric.CONFIGURATION_MISSES, c.misses());
                }
                default -> {
                    if (c.name().contains("walk-level-")) {
                        walkLookups += c.lookups();
                        walkHits += c.hits();
                    }
                }
            }
        }
        values.put(Metric.WALK_CACHE_LOOKUPS, walkLookups);
        values.put(Metric.WALK_CACHE_HITS, walkHits);
    }

    private void cache(CacheFigures c, Metric lookups, Metric hits, Metric misses, Metric ratio) {
        values.put(lookups, c.lookups());
        values.put(hits, c.hits());
        values.put(misses, c.misses());
        values.put(ratio, ratio.quotient(c.misses(), c.lookups()));
    }

    private void walks(long walks, long reads, long translations) {
        values.put(Metric.WALKS, walks);
        values.put(Metric.TABLE_READS, reads);
        values.put(
                Metric.TABLE_READS_PER_TRANSLATION, Metric.TABLE_READS_PER_TRANSLATION.quotient(reads, translations));
    }

    /** A value in ps is one in ns with three decimals. */
    private void times(TimingReport t) {
        Latency all = t.latencies().all();
        values.put(Metric.TIMED, t.transactions());
        values.put(Metric.SPAN, t.span());
        values.put(
                Metric.MEAN,
                Metric.MEAN.quotient(BigInteger.valueOf(all.total()), all.count() * Picoseconds.PER_NANOSECOND));
        values.put(Metric.P50, all.percentile(50));
        values.put(Metric.P95, all.percentile(95));
        values.put(Metric.P99, all.percentile(99));
        values.put(Metric.P999, all.percentile(99.9));
        values.put(Metric.MAX, all.max());
        BigInteger perSecond = BigInteger.valueOf(Picoseconds.PER_SECOND);
        values.put(
                Metric.BANDWIDTH,
                Metric.BANDWIDTH.quotient(
                        BigInteger.valueOf(t.bytesRead() + t.bytesWritten())
                                .multiply(BigInteger.valueOf(Picoseconds.PER_NANOSECOND)),
                        t.span()));
        values.put(
                Metric.REQUESTS,
                Metric.REQUESTS.quotient(BigInteger.valueOf(t.transactions()).multiply(perSecond), t.span()));
    }
}
