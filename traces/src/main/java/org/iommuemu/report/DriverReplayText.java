// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Locale;
import java.util.stream.Collectors;
import org.iommuemu.capture.JoinedRow.Kind;
import org.iommuemu.replay.joined.DriverReplaySummary;
import org.iommuemu.replay.joined.FlushFigures;

/** The figures of a driver's replay as text, in lines as those of {@link ReplayText}. */
public final class DriverReplayText {
    private DriverReplayText() {}

    /**
     * The summary.
     *
     * @param seconds the host's time for it
     */
    public static String of(DriverReplaySummary s, double seconds) {
        StringBuilder text = new StringBuilder();
        line(text, "trace", "%s", s.name());
        line(text, "machine", "%s; invalidation %s", s.machine(), s.deferred() ? "deferred" : "strict");
        line(
                text,
                "rows",
                "%,d: %,d maps, %,d unmaps, %,d commands, %,d DMA",
                s.total(),
                s.of(Kind.MAP),
                s.of(Kind.UNMAP),
                s.of(Kind.COMMAND),
                s.of(Kind.DMA));
        String streams = s.streams().entrySet().stream()
                .map(e -> Streams.text(Integer.toUnsignedLong(e.getKey()))
                        + (e.getValue() < 0 ? "" : " domain " + e.getValue()))
                .collect(Collectors.joining(", "));
        line(text, "streams", "%d: %s", s.streams().size(), streams);
        text.append(ReplayText.cachesOf(s.caches()));
        if (s.moved() > 0) {
            line(text, "order", "%,d accesses put on the side of a call that their partner tells", s.moved());
        }
        if (s.unknownDevices() > 0) {
            line(text, "passed over", "calls that name no device: %,d", s.unknownDevices());
        }
        if (s.unlogged() > 0) {
            line(text, "passed over", "%,d PASID cache invalidations: the recording model logs none", s.unlogged());
        }
        if (s.untold() > 0) {
            line(
                    text,
                    "passed over",
                    "%,d commands of interrupt remapping (iec and its wait): the file has no calls that change its table",
                    s.untold());
        }
        line(text, "speed", "%,.0f rows/s (%.2f s)", s.total() / seconds, seconds);
        if (!s.calls().isComplete()) {
            text.append(ReplayText.agreementOf("calls", s.calls(), "calls done by the driver"));
        }
        FlushFigures f = s.flushes();
        if (f != null) {
            line(
                    text,
                    "flushes",
                    "%,d: %,d by a full ring, %,d by the timer; by rule %,d late, %,d early; %,d differ",
                    f.total(),
                    f.byRing(),
                    f.exact(),
                    f.late(),
                    f.early(),
                    f.different());
            line(
                    text,
                    "timers",
                    "%,d of %,d run within a jiffy of when they are due, the latest %,.1f ms after; stops of the machine: %,d",
                    f.withinTick(),
                    f.exact() + f.late() + f.early(),
                    f.mostLate() / 1000.0,
                    s.stops());
        }
        if (s.unmaps() > 0) {
            line(text, "unmaps", "%d of %d unmaps send exactly their recorded batch", s.exactUnmaps(), s.unmaps());
        }
        if (!s.fieldsKnown()) {
            line(text, "", "no trace.csv beside the file: fields of commands without a column are not compared");
        }
        s.causes().forEach((cause, count) -> line(text, "differs", "%,d times %s", count, cause));
        text.append(ReplayText.agreementOf("commands", s.commands(), "commands agree"));
        text.append(ReplayText.agreementOf("agreement", s.addresses(), "addresses agree"));
        return text.toString();
    }

    private static void line(StringBuilder text, String label, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-13s ", label))
                .append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }
}
