// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.iommuemu.replay.TraceReplaySummary;
import org.iommuemu.trace.TraceKind;

/** The figures of a DMA trace's replay as text, in lines as those of {@link ReplayText}. */
public final class TraceReplayText {
    private TraceReplayText() {}

    /**
     * The summary.
     *
     * @param seconds the host's time for it
     */
    public static String of(TraceReplaySummary s, double seconds) {
        StringBuilder text = new StringBuilder();
        line(text, "trace", "%s", s.machine().name());
        line(text, "machine", "%s", TraceMachineText.of(s.settings()));
        String kinds = Arrays.stream(TraceKind.values())
                .filter(kind -> s.of(kind) > 0)
                .map(kind -> String.format(Locale.ROOT, "%s %,d", kind.label(), s.of(kind)))
                .collect(Collectors.joining(", "));
        line(text, "records", "%,d: %s", s.total(), kinds.isEmpty() ? "none" : kinds);
        line(
                text,
                "translations",
                "%,d, %,d refused; %,d address spaces",
                s.machine().transactions().translated(),
                s.machine().transactions().refused(),
                s.addressSpaces());
        pages(text, s);
        text.append(ReplayText.structuresOf(s.machine()));
        line(text, "speed", "%,.0f records/s (%.2f s)", s.total() / seconds, seconds);
        if (s.machine().addresses().compared() == 0) {
            line(
                    text,
                    "agreement",
                    s.touches()
                            ? "none compared, as pages are not where the trace has them"
                            : "no address in the trace, none compared");
        }
        text.append(ReplayText.agreementOf("agreement", s.machine().addresses(), "addresses agree"));
        return text.toString();
    }

    private static void pages(StringBuilder text, TraceReplaySummary s) {
        if (s.touches()) {
            line(
                    text,
                    "first touch",
                    "%,d pages of %s appeared; %,d maps and %,d unmaps of the trace passed over",
                    s.pagesTouched(),
                    s.settings().page(),
                    s.of(TraceKind.MAP),
                    s.of(TraceKind.UNMAP));
        } else if (s.settings().lazy()) {
            line(
                    text,
                    "lazy",
                    "%,d accesses got through by what had been unmapped; %,d of %,d maps at another address",
                    s.staleAccesses(),
                    s.moved(),
                    s.of(TraceKind.MAP));
        }
        if (s.mapsNothing()) {
            line(text, "hint", "the trace maps nothing; with --mapping identity or first-touch pages appear");
        }
    }

    private static void line(StringBuilder text, String label, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-13s ", label))
                .append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }
}
