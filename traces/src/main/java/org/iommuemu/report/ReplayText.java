// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.iommuemu.capture.TraceRecord.Kind;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.replay.Agreement;
import org.iommuemu.replay.ReplaySummary;

/** A replay's figures as text. */
public final class ReplayText {
    private final StringBuilder out = new StringBuilder();

    private ReplayText() {}

    /**
     * The summary.
     *
     * @param seconds the host's time for it
     * @param lint what software did wrong; printed before the last line, which is that of the agreement
     */
    public static String of(ReplaySummary s, double seconds, LintLog lint) {
        ReplayText text = new ReplayText();
        text.traffic(s);
        text.structures(s);
        text.agreement("registers", s.registerReads(), "recorded register reads agree");
        text.agreement("slots", s.commandSlots(), "commands consumed from their recorded slots");
        text.agreement("interrupts", s.interruptMessages(), "interrupt messages agree");
        text.agreement("refusals", s.refusals(), "refused accesses agree");
        text.agreement("fault-records", s.faultRecords(), "fault records agree");
        text.line("speed", "%,.0f records/s (%.2f s)", s.records().records() / seconds, seconds);
        text.out.append(LintText.of(lint));
        if (s.addresses().compared() == 0) {
            text.line("agreement", "no DMA in the trace, no address compared");
        }
        text.agreement("agreement", s.addresses(), "addresses agree");
        return text.out.toString();
    }

    private void traffic(ReplaySummary s) {
        line("capture", "%s", s.name());
        if (!s.features().isEmpty()) {
            line("features", "%s", s.features());
        }
        line(
                "records",
                "%,d: %,d DMA, %,d bypassed, %,d refused, %,d commands, %,d register accesses",
                s.records().records(),
                s.records().of(Kind.DMA),
                s.records().of(Kind.BYPASS),
                s.records().of(Kind.FAULT) + s.records().of(Kind.ABORT),
                s.records().of(Kind.INVALIDATE),
                s.records().of(Kind.MMIO_READ) + s.records().of(Kind.MMIO_WRITE));
        String streams = s.streams().entrySet().stream()
                .map(e -> String.format(
                        Locale.ROOT, "%s %,d", Streams.text(Integer.toUnsignedLong(e.getKey())), e.getValue()))
                .collect(Collectors.joining(", "));
        line("streams", "%d: %s", s.streams().size(), streams);
    }

    /** Lines on what a machine's structures did. */
    static String structuresOf(ReplaySummary s) {
        ReplayText text = new ReplayText();
        text.structures(s);
        return text.out.toString();
    }

    /** Lines on a comparison; nothing if nothing was compared. */
    static String agreementOf(String label, Agreement a, String what) {
        ReplayText text = new ReplayText();
        text.agreement(label, a, what);
        return text.out.toString();
    }

    /** Lines on caches. */
    static String cachesOf(List<CacheFigures> caches) {
        ReplayText text = new ReplayText();
        text.caches(caches);
        return text.out.toString();
    }

    private void structures(ReplaySummary s) {
        caches(s.caches());
        line(
                "walks",
                "%,d; descriptor reads %s; %,d structures read",
                s.walks(),
                counts(s.walkAccesses()),
                s.structureReads());
        line("commands", "%s", counts(s.commands()));
        line("events", "%s; %,d interrupts", counts(s.events()), s.eventInterrupts());
        if (!s.others().isEmpty()) {
            line("others", "%s", counts(s.others()));
        }
    }

    private void caches(List<CacheFigures> caches) {
        for (CacheFigures c : caches) {
            line(
                    c.name(),
                    "%,d hits, %,d misses (%.2f %% hits), %,d evicted, %,d invalidated; %,d entries, %d-way %s",
                    c.hits(),
                    c.misses(),
                    c.hitPercent(),
                    c.evictions(),
                    c.invalidations(),
                    c.entries(),
                    c.ways(),
                    c.policy());
        }
    }

    private static String counts(Map<String, Long> byName) {
        return byName.isEmpty()
                ? "none"
                : byName.entrySet().stream()
                        .map(e -> String.format(Locale.ROOT, "%s %,d", e.getKey(), e.getValue()))
                        .collect(Collectors.joining(", "));
    }

    private void agreement(String label, Agreement a, String what) {
        if (a.compared() == 0) {
            return;
        }
        for (String difference : a.differences()) {
            line("differs", "%s", difference);
        }
        line(label, "%s %s", a, what);
        a.byRule().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(e -> line(
                        "",
                        "%,d by rule %s: %s",
                        e.getValue(),
                        e.getKey().label(),
                        e.getKey().text()));
    }

    private void line(String label, String format, Object... values) {
        out.append(String.format(Locale.ROOT, "%-13s ", label))
                .append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }
}
