// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceStatistics;

/** What is in a trace, as text. */
public final class TraceStatisticsText {
    private static final int SIZES_SHOWN = 8;
    private static final double MICROSECOND = 1e6;

    private TraceStatisticsText() {}

    /** Lines as those of a replay. */
    public static String of(String name, String provenance, TraceStatistics s) {
        StringBuilder text = new StringBuilder();
        line(text, "trace", "%s", name);
        provenance.lines().forEach(l -> line(text, "from", "%s", l));
        line(
                text,
                "records",
                "%,d: %s",
                s.total(),
                Arrays.stream(TraceKind.values())
                        .filter(kind -> s.records(kind) > 0)
                        .map(kind -> String.format(Locale.ROOT, "%s %,d", kind.label(), s.records(kind)))
                        .collect(Collectors.joining(", ")));
        line(
                text,
                "bytes",
                "%,d read, %,d written, %,d atomic",
                s.bytes(TraceKind.READ_DMA),
                s.bytes(TraceKind.WRITE_DMA),
                s.bytes(TraceKind.ATOMIC_DMA));
        line(text, "streams", "%,d", s.streams());
        line(text, "footprint", "%,d pages of 4 KiB, %,d bytes", s.pages(), s.footprint());
        Map<Long, Long> sizes = s.sizes();
        String most = sizes.entrySet().stream()
                .sorted(Map.Entry.<Long, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(SIZES_SHOWN)
                .map(e -> String.format(Locale.ROOT, "%,d B %,d", e.getKey(), e.getValue()))
                .collect(Collectors.joining(", "));
        line(text, "sizes", "%d: %s%s", sizes.size(), most, sizes.size() > SIZES_SHOWN ? ", ..." : "");
        line(text, "time", "%,.3f us", s.span() / MICROSECOND);
        return text.toString();
    }

    private static void line(StringBuilder text, String label, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-13s ", label))
                .append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }
}
