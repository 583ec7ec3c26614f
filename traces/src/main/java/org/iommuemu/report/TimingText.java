// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.iommuemu.preset.Parameter;
import org.iommuemu.replay.TimingReport;
import org.iommuemu.time.ResourceStatistics;
import org.iommuemu.time.Waits;

/** The times of a replay, for people and for programs. */
public final class TimingText {
    private static final double NANOSECOND = 1000;
    private static final double MICROSECOND = 1e6;
    private static final double[] PERCENTILES = {50, 95, 99, 99.9};

    private TimingText() {}

    /** Lines as those of {@link ReplayText}. */
    public static String of(TimingReport t) {
        Histogram h = t.latencies();
        StringBuilder text = new StringBuilder();
        line(
                text,
                "time",
                "%s, %s; %,d transactions in %,.1f us, %,.2f M/s",
                t.settings().name(),
                t.outstanding() == 0 ? "as the trace has them" : t.outstanding() + " outstanding",
                h.getTotalCount(),
                t.span() / MICROSECOND,
                h.getTotalCount() / (t.span() / MICROSECOND));
        line(
                text,
                "latency",
                "mean %.1f ns, p50 %.1f, p95 %.1f, p99 %.1f, p99.9 %.1f, max %.1f; in the IOMMU",
                h.getMean() / NANOSECOND,
                at(h, 50),
                at(h, 95),
                at(h, 99),
                at(h, 99.9),
                h.getMaxValue() / NANOSECOND);
        line(
                text,
                "lookups",
                "%,d hits, of them %,d merged misses; %,d misses; %,d table reads",
                t.hits(),
                t.merged(),
                t.misses(),
                t.tableReads());
        for (ResourceStatistics r : t.resources()) {
            long waits = r.waits().stream().mapToLong(Waits::waits).sum();
            line(
                    text,
                    "waits",
                    "%s: %,d of %,d uses waited, %,.1f us together; %.2f in use, at most %.0f",
                    r.name(),
                    waits,
                    r.uses(),
                    r.totalWait() / MICROSECOND,
                    r.average(),
                    r.peak());
        }
        return text.toString();
    }

    private static double at(Histogram h, double percentile) {
        return h.getValueAtPercentile(percentile) / NANOSECOND;
    }

    private static void line(StringBuilder text, String label, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-13s ", label))
                .append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }

    /** The same as maps, with the resolved configuration. */
    static Map<String, Object> json(TimingReport t) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("preset", t.settings().name());
        root.put("outstanding", t.outstanding());
        root.put("transactions", t.latencies().getTotalCount());
        root.put("picoseconds", t.span());
        Map<String, Object> latency = new LinkedHashMap<>();
        latency.put("mean", t.latencies().getMean() / NANOSECOND);
        for (double p : PERCENTILES) {
            latency.put("p" + (p == Math.rint(p) ? Long.toString((long) p) : Double.toString(p)), at(t.latencies(), p));
        }
        latency.put("max", t.latencies().getMaxValue() / NANOSECOND);
        root.put("latencyNanoseconds", latency);
        root.put("hits", t.hits());
        root.put("mergedMisses", t.merged());
        root.put("misses", t.misses());
        root.put("tableReads", t.tableReads());
        root.put("resources", t.resources());
        Map<String, Object> configuration = new LinkedHashMap<>();
        for (Parameter p : Parameter.values()) {
            configuration.put(p.key(), t.settings().text(p));
        }
        root.put("configuration", configuration);
        return root;
    }
}
