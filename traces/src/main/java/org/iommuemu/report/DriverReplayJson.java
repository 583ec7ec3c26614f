// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.iommuemu.capture.JoinedRow.Kind;
import org.iommuemu.replay.joined.DriverReplaySummary;

/** The figures of a driver's replay as JSON; names are those of {@link ReplayJson} where the figures are. */
public final class DriverReplayJson {
    private DriverReplayJson() {}

    /**
     * The document.
     *
     * @param seconds the host's time for it; with the rate derived from it, all that differs between two runs
     */
    public static String of(DriverReplaySummary s, double seconds) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("trace", s.name());
        root.put("machine", s.machine());
        root.put("deferred", s.deferred());
        Map<String, Object> rows = new LinkedHashMap<>();
        rows.put("total", s.total());
        for (Kind kind : Kind.values()) {
            rows.put(kind.name().toLowerCase(Locale.ROOT), s.of(kind));
        }
        root.put("rows", rows);
        Map<String, Object> streams = new LinkedHashMap<>();
        s.streams().forEach((sid, domain) -> streams.put(String.format("0x%x", sid), domain));
        root.put("streams", streams);
        root.put("domains", s.domains());
        root.put("accessesMoved", s.moved());
        root.put("callsWithoutDevice", s.unknownDevices());
        root.put("unloggedCommands", s.unlogged());
        root.put("commandsOfInterruptRemapping", s.untold());
        root.put("stops", s.stops());
        root.put("caches", s.caches());
        root.put("fieldsCompared", s.fieldsKnown());
        root.put("unmaps", s.unmaps());
        root.put("exactUnmaps", s.exactUnmaps());
        if (s.flushes() != null) {
            root.put("flushes", s.flushes());
        }
        root.put("differencesByCause", s.causes());
        Map<String, Object> agreement = new LinkedHashMap<>();
        agreement.put("calls", ReplayJson.agreement(s.calls()));
        agreement.put("commands", ReplayJson.agreement(s.commands()));
        agreement.put("addresses", ReplayJson.agreement(s.addresses()));
        root.put("agreement", agreement);
        root.put("host", ReplayJson.host(s.total(), seconds));
        return ReplayJson.write(root);
    }
}
