// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.replay.ReplaySummary;
import org.iommuemu.replay.TraceReplaySummary;
import org.iommuemu.trace.TraceKind;
import org.jspecify.annotations.Nullable;

/** The figures of a DMA trace's replay as JSON; names are those of {@link ReplayJson} where the figures are. */
public final class TraceReplayJson {
    private TraceReplayJson() {}

    /**
     * The document.
     *
     * @param timing what accesses took, or null if nobody asked
     * @param seconds the host's time for it; with the rate derived from it, all that differs between two runs
     */
    public static String of(TraceReplaySummary s, @Nullable TimingReport timing, double seconds) {
        ReplaySummary m = s.machine();
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("trace", m.name());
        Map<String, Object> records = new LinkedHashMap<>();
        records.put("total", s.total());
        records.put("dma", s.dma());
        for (TraceKind kind : TraceKind.values()) {
            records.put(kind.label(), s.of(kind));
        }
        root.put("records", records);
        root.put("machine", TraceMachineText.json(s.settings()));
        root.put("addressSpaces", s.addressSpaces());
        root.put("pagesTouched", s.pagesTouched());
        root.put("staleAccesses", s.staleAccesses());
        root.put("movedMaps", s.moved());
        root.put("transactions", m.transactions());
        root.put("caches", m.caches());
        root.put("walker", ReplayJson.walker(m));
        root.put("structureReads", m.structureReads());
        root.put("commands", m.commands());
        root.put("events", m.events());
        root.put("others", m.others());
        Map<String, Object> agreement = new LinkedHashMap<>();
        agreement.put("addresses", ReplayJson.agreement(m.addresses()));
        root.put("agreement", agreement);
        if (timing != null) {
            root.put("timing", TimingJson.of(timing));
        }
        root.put("host", ReplayJson.host(s.total(), seconds));
        return ReplayJson.write(root);
    }
}
