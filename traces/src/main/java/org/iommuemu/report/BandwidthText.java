// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.iommuemu.bandwidth.Bottleneck;
import org.iommuemu.bandwidth.DeviceFigures;
import org.iommuemu.bandwidth.UnitLatency;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.time.Picoseconds;
import org.jspecify.annotations.Nullable;

/** What a device got through with its IOMMU off and on, for people. */
public final class BandwidthText {
    private static final double PERCENT = 100;
    private static final double MEGA = 1e6;
    private static final int MOST_RESOURCES = 4;

    private BandwidthText() {}

    /** The text; the first figures are those that the others are compared with. */
    public static String of(List<DeviceFigures> all) {
        StringBuilder out = new StringBuilder();
        for (DeviceFigures f : all) {
            figures(out, f);
        }
        DeviceFigures off = all.get(0);
        for (DeviceFigures f : all.subList(1, all.size())) {
            line(out, f.device(), "%s: %s", f.label(), Bottleneck.explain(off, f));
        }
        return out.toString();
    }

    private static void figures(StringBuilder out, DeviceFigures f) {
        line(
                out,
                f.device(),
                "%s: %.3f GB/s, %.3f M %s/s; %,d in %,.1f us, %,d dropped, %,d requests, %,d refused",
                f.label(),
                f.gigabytesPerSecond(),
                f.unitsPerSecond() / MEGA,
                f.unit(),
                f.units(),
                (double) f.time() / Picoseconds.PER_MICROSECOND,
                f.dropped(),
                f.requests(),
                f.refused());
        line(
                out,
                "  translation",
                "IOTLB %s, %,d walks of %,d reads; ATC %s",
                rate(f.hits(), f.lookups()),
                f.walks(),
                f.tableReads(),
                rate(f.atcHits(), f.atcLookups()));
        line(
                out,
                "  latency",
                "link up %.0f ns; IOMMU %.1f ns (%s); read %.0f ns of %,d; %.1f of %d tags%s",
                nanoseconds(f.link().wire()),
                nanoseconds(f.inIommu()),
                parts(f),
                nanoseconds(f.link().read()),
                f.link().reads(),
                f.link().tags(),
                f.link().mostTags(),
                latency(f.latency()));
        String resources = Bottleneck.of(f).stream()
                .limit(MOST_RESOURCES)
                .map(b -> String.format(Locale.ROOT, "%s %.1f %%", b.name(), b.used() * PERCENT)
                        + (b.waited() < 0
                                ? ""
                                : String.format(Locale.ROOT, " (wait %.0f ns)", nanoseconds(b.waited()))))
                .collect(Collectors.joining(", "));
        line(out, "  used", "%s", resources);
    }

    private static String latency(@Nullable UnitLatency latency) {
        return latency == null
                ? ""
                : String.format(
                        Locale.ROOT,
                        "; request %.1f us, 99 %% within %.1f",
                        latency.mean() / Picoseconds.PER_MICROSECOND,
                        (double) latency.most() / Picoseconds.PER_MICROSECOND);
    }

    private static String parts(DeviceFigures f) {
        String text = f.parts().entrySet().stream()
                .filter(e -> e.getValue() > 0)
                .sorted((a, b) -> a.getKey().compareTo(b.getKey()))
                .map(e -> String.format(Locale.ROOT, "%s %.1f", name(e.getKey()), nanoseconds(e.getValue())))
                .collect(Collectors.joining(", "));
        return text.isEmpty() ? "nothing" : text;
    }

    private static String name(LatencyPart part) {
        return part.text();
    }

    private static double nanoseconds(double picoseconds) {
        return picoseconds / Picoseconds.PER_NANOSECOND;
    }

    private static String rate(long hits, long lookups) {
        return lookups == 0
                ? "not asked"
                : String.format(Locale.ROOT, "%.2f %% hits of %,d", PERCENT * hits / lookups, lookups);
    }

    private static void line(StringBuilder out, String label, String format, Object... values) {
        out.append(String.format(Locale.ROOT, "%-13s ", label))
                .append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }
}
