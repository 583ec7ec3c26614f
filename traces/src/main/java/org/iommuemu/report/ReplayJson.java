// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.LintFinding;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.replay.Agreement;
import org.iommuemu.replay.ReplaySummary;
import org.iommuemu.replay.StaleReport;
import org.jspecify.annotations.Nullable;

/** A replay's figures as JSON; names are documented in docs/formats.md and stay as they are. */
public final class ReplayJson {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private ReplayJson() {}

    /**
     * The document.
     *
     * @param stale what a comparison with the tables has shown, or null if nobody asked
     * @param lint what software did wrong, or null if nobody asked
     * @param timing what accesses took, or null if nobody asked
     * @param seconds the host's time for it; with the rate derived from it, all that differs between two runs
     */
    public static String of(
            ReplaySummary s,
            @Nullable StaleReport stale,
            @Nullable LintLog lint,
            @Nullable TimingReport timing,
            double seconds) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("capture", s.name());
        if (!s.features().isEmpty()) {
            root.put("features", s.features().toString());
        }
        Map<String, Object> records = new LinkedHashMap<>();
        records.put("total", s.records().records());
        for (TraceRecord.Kind kind : TraceRecord.Kind.values()) {
            records.put(key(kind), s.records().of(kind));
        }
        root.put("records", records);
        Map<String, Object> streams = new LinkedHashMap<>();
        s.streams().forEach((sid, n) -> streams.put(String.format("0x%x", sid), n));
        root.put("streams", streams);
        root.put("transactions", s.transactions());
        root.put("caches", s.caches());
        root.put("walker", walker(s));
        root.put("structureReads", s.structureReads());
        root.put("descriptorsWritten", s.descriptorsWritten());
        root.put("commands", s.commands());
        root.put("events", s.events());
        root.put("eventInterrupts", s.eventInterrupts());
        root.put("others", s.others());
        Map<String, Object> agreement = new LinkedHashMap<>();
        agreement.put("addresses", agreement(s.addresses()));
        agreement.put("refusals", agreement(s.refusals()));
        agreement.put("registerReads", agreement(s.registerReads()));
        agreement.put("commandSlots", agreement(s.commandSlots()));
        agreement.put("faultRecords", agreement(s.faultRecords()));
        agreement.put("interruptMessages", agreement(s.interruptMessages()));
        root.put("agreement", agreement);
        if (stale != null) {
            root.put("stale", stale);
        }
        if (lint != null) {
            root.put("lint", lint.findings().stream().map(ReplayJson::finding).toList());
        }
        if (timing != null) {
            root.put("timing", TimingJson.of(timing));
        }
        root.put("host", host(s.records().records(), seconds));
        return write(root);
    }

    /** What the host took for so many records. */
    static Map<String, Object> host(long records, double seconds) {
        Map<String, Object> host = new LinkedHashMap<>();
        host.put("seconds", seconds);
        host.put("recordsPerSecond", Math.round(records / seconds));
        return host;
    }

    /** A document as text. */
    static String write(Map<String, Object> root) {
        try {
            return JSON.writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a replay's figures are plain maps", e);
        }
    }

    /** Figures of the walker. */
    static Map<String, Object> walker(ReplaySummary s) {
        Map<String, Object> walker = new LinkedHashMap<>();
        walker.put("walks", s.walks());
        walker.put("accesses", s.walkAccesses());
        return walker;
    }

    /** What reports call a kind of record. */
    static String key(TraceRecord.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Map<String, Object> finding(LintFinding f) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("rule", f.rule().id());
        out.put("place", f.place());
        out.put("seen", "0x" + Long.toHexString(f.seen()));
        out.put("text", f.rule().text());
        out.put("section", f.rule().section());
        out.put("count", f.count());
        return out;
    }

    /** Figures of a comparison. */
    static Map<String, Object> agreement(Agreement a) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("compared", a.compared());
        out.put("agreed", a.agreed());
        Map<String, Object> rules = new LinkedHashMap<>();
        a.byRule().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(e -> rules.put(e.getKey().label(), e.getValue()));
        out.put("byRule", rules);
        out.put("differences", a.differences());
        return out;
    }
}
