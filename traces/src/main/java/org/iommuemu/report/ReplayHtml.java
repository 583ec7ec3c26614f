// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.LintFinding;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.replay.Agreement;
import org.iommuemu.replay.ReplaySummary;
import org.iommuemu.replay.StaleReport;
import org.iommuemu.replay.TraceReplaySummary;
import org.iommuemu.report.html.Axis;
import org.iommuemu.report.html.Bars;
import org.iommuemu.report.html.Digits;
import org.iommuemu.report.html.Markup;
import org.iommuemu.report.html.Page;
import org.iommuemu.report.html.Table;
import org.iommuemu.trace.TraceKind;
import org.jspecify.annotations.Nullable;

/** A replay's figures as a page. Two runs of the same replay give the same page: the host's time is not on it. */
public final class ReplayHtml {
    private static final double HUNDRED = 100;

    private ReplayHtml() {}

    /**
     * The document.
     *
     * @param stale what a comparison with the tables has shown, or null if nobody asked
     * @param lint what software did wrong; empty if nobody asked
     * @param timing what accesses took, or null if nobody asked
     */
    public static String of(ReplaySummary s, @Nullable StaleReport stale, LintLog lint, @Nullable TimingReport timing) {
        Map<String, Long> records = new LinkedHashMap<>();
        for (TraceRecord.Kind kind : TraceRecord.Kind.values()) {
            records.put(ReplayJson.key(kind), s.records().of(kind));
        }
        return of(s, records, stale, lint, timing);
    }

    /**
     * The document of a DMA trace.
     *
     * @param timing what accesses took, or null if nobody asked
     */
    public static String of(TraceReplaySummary s, @Nullable TimingReport timing) {
        Map<String, Long> records = new LinkedHashMap<>();
        for (TraceKind kind : TraceKind.values()) {
            records.put(kind.label(), s.of(kind));
        }
        return of(s.machine(), records, null, new LintLog(), timing);
    }

    private static String of(
            ReplaySummary s,
            Map<String, Long> records,
            @Nullable StaleReport stale,
            LintLog lint,
            @Nullable TimingReport timing) {
        return Page.of("Replay of " + s.name(), m -> {
            agreement(m, s);
            if (timing != null) {
                TimingHtml.into(m, timing);
            }
            functional(m, s, records);
            if (stale != null) {
                stale(m, stale);
            }
            lint(m, lint);
            if (timing != null) {
                m.leaf("h2", "Configuration");
                SettingsHtml.folded(m, timing.settings());
            }
        });
    }

    private static void agreement(Markup m, ReplaySummary s) {
        Map<String, Agreement> all = new LinkedHashMap<>();
        all.put("addresses", s.addresses());
        all.put("refusals", s.refusals());
        all.put("register reads", s.registerReads());
        all.put("command slots", s.commandSlots());
        all.put("fault records", s.faultRecords());
        all.put("interrupt messages", s.interruptMessages());
        VerdictHtml.into(
                m,
                s.agrees(),
                s.agrees() ? "everything that was compared agrees" : "not everything that was compared agrees");
        Table table = new Table()
                .text("compared with the recording")
                .number("compared")
                .number("agree")
                .text("by rule");
        List<String> differences = new ArrayList<>();
        all.forEach((name, a) -> {
            if (a.compared() > 0) {
                table.row(!a.isComplete(), List.of(name, Digits.of(a.compared()), Digits.of(a.agreed()), rules(a)));
            }
            differences.addAll(a.differences());
        });
        if (table.isEmpty()) {
            m.leaf("p", "The trace has nothing to compare.");
        } else {
            table.into(m);
        }
        if (!differences.isEmpty()) {
            m.leaf("h3", "First differences").open("ul");
            differences.forEach(d -> m.leaf("li", d));
            m.close();
        }
    }

    private static String rules(Agreement a) {
        return String.join(
                "; ",
                a.byRule().entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .map(e -> Digits.of(e.getValue()) + " by " + e.getKey().label() + ": "
                                + e.getKey().text())
                        .toList());
    }

    private static void functional(Markup m, ReplaySummary s, Map<String, Long> records) {
        m.leaf("h2", "Trace and caches, from its beginning to its end");
        m.open("div", "class", "charts");
        hitRates(m, s.caches());
        reads(m, s.walkAccesses());
        m.close();
        caches(s.caches()).into(m);
        m.leaf("h3", "Counts");
        counts(s, records).into(m);
    }

    private static void hitRates(Markup m, List<CacheFigures> caches) {
        Bars bars = Bars.stacked("hits and misses", Axis.linear("% of lookups", 0, HUNDRED), List.of("hits", "misses"));
        for (CacheFigures c : caches) {
            bars.group(c.name(), c.hitPercent(), c.lookups() == 0 ? 0 : HUNDRED - c.hitPercent());
        }
        bars.into(m);
    }

    private static void reads(Markup m, Map<String, Long> byLevel) {
        long most = byLevel.values().stream().mapToLong(n -> n).max().orElse(0);
        Bars bars = Bars.sideBySide(
                "descriptors read by walks", Axis.linear("descriptors", 0, most), List.of("descriptors"));
        byLevel.forEach((level, n) -> bars.group(level, n));
        if (!byLevel.isEmpty()) {
            bars.into(m);
        }
    }

    /** A table of caches. */
    static Table caches(List<CacheFigures> caches) {
        Table table = new Table()
                .text("cache")
                .number("entries")
                .number("ways")
                .text("policy")
                .number("lookups")
                .number("hits")
                .number("misses")
                .number("hit rate")
                .number("fills")
                .number("evicted")
                .number("invalidated")
                .number("valid in the end");
        for (CacheFigures c : caches) {
            table.row(
                    c.name(),
                    Digits.of(c.entries()),
                    Digits.of(c.ways()),
                    c.policy(),
                    Digits.of(c.lookups()),
                    Digits.of(c.hits()),
                    Digits.of(c.misses()),
                    Digits.percent(c.hitPercent() / HUNDRED),
                    Digits.of(c.fills()),
                    Digits.of(c.evictions()),
                    Digits.of(c.invalidations()),
                    Digits.of(c.occupied()));
        }
        return table;
    }

    private static Table counts(ReplaySummary s, Map<String, Long> records) {
        Table table = new Table().text("what").text("which").number("count");
        table.row(
                "records",
                "all",
                Digits.of(records.values().stream().mapToLong(n -> n).sum()));
        records.forEach((kind, n) -> {
            if (n > 0) {
                table.row("records", kind, Digits.of(n));
            }
        });
        table.row("transactions", "translated", Digits.of(s.transactions().translated()));
        table.row("transactions", "passed through", Digits.of(s.transactions().passedThrough()));
        table.row("transactions", "refused", Digits.of(s.transactions().refused()));
        s.streams()
                .forEach((sid, n) ->
                        table.row("accesses by stream", Streams.text(Integer.toUnsignedLong(sid)), Digits.of(n)));
        table.row("walks", "all", Digits.of(s.walks()));
        table.row("structures", "read", Digits.of(s.structureReads()));
        rows(table, "descriptors read", s.walkAccesses());
        rows(table, "commands", s.commands());
        rows(table, "events", s.events());
        table.row("event interrupts", "raised", Digits.of(s.eventInterrupts()));
        rows(table, "others", s.others());
        if (!s.features().isEmpty()) {
            table.row("features", s.features().toString(), "");
        }
        return table;
    }

    private static void rows(Table table, String what, Map<String, Long> byName) {
        byName.forEach((name, n) -> table.row(what, name, Digits.of(n)));
    }

    private static void stale(Markup m, StaleReport stale) {
        m.leaf("h2", "Stale translations");
        VerdictHtml.into(
                m, stale.isClean(), stale.isClean() ? "no access by a translation that was gone" : "stale accesses");
        m.leaf("pre", StaleText.of(stale));
    }

    private static void lint(Markup m, LintLog lint) {
        if (lint.findings().isEmpty()) {
            return;
        }
        m.leaf("h2", "What software does wrong");
        Table table = new Table()
                .text("rule")
                .text("place")
                .number("count")
                .text("what")
                .text("section");
        for (LintFinding f : lint.findings()) {
            table.row(
                    f.rule().id(),
                    f.place(),
                    Digits.of(f.count()),
                    f.rule().text(),
                    f.rule().section());
        }
        table.into(m);
    }
}
