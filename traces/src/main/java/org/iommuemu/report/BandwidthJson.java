// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.bandwidth.Bottleneck;
import org.iommuemu.bandwidth.DeviceFigures;
import org.iommuemu.iommu.timing.LatencyPart;

/** What devices got through, as JSON; times in ps. */
public final class BandwidthJson {
    private BandwidthJson() {}

    /** The document. */
    public static String of(String preset, String iommu, List<DeviceFigures> all) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("preset", preset);
        root.put("iommu", iommu);
        List<Object> runs = new ArrayList<>();
        all.forEach(f -> runs.add(run(f)));
        root.put("runs", runs);
        return ReplayJson.write(root);
    }

    private static Map<String, Object> run(DeviceFigures f) {
        Map<String, Object> run = new LinkedHashMap<>();
        run.put("device", f.device());
        run.put("translation", f.translation().label());
        run.put("mapping", f.mapping().label());
        run.put("time", f.time());
        run.put("unit", f.unit());
        run.put("units", f.units());
        run.put("bytes", f.bytes());
        run.put("gigabytesPerSecond", f.gigabytesPerSecond());
        run.put("unitsPerSecond", f.unitsPerSecond());
        run.put("dropped", f.dropped());
        run.put("requests", f.requests());
        run.put("refused", f.refused());
        run.put("iotlbLookups", f.lookups());
        run.put("iotlbHits", f.hits());
        run.put("walks", f.walks());
        run.put("tableReads", f.tableReads());
        run.put("atcLookups", f.atcLookups());
        run.put("atcHits", f.atcHits());
        Map<String, Object> parts = new LinkedHashMap<>();
        for (LatencyPart part : LatencyPart.values()) {
            parts.put(part.text(), f.parts().getOrDefault(part, 0.0));
        }
        run.put("inIommu", parts);
        run.put("linkUp", f.link().wire());
        run.put("read", f.link().read());
        run.put("reads", f.link().reads());
        run.put("tags", f.link().tags());
        run.put("mostTags", f.link().mostTags());
        run.put("atsUp", f.link().atsUp());
        run.put("atsDown", f.link().atsDown());
        if (f.latency() != null) {
            run.put("latency", f.latency().mean());
            run.put("latency99", f.latency().most());
        }
        List<Object> resources = new ArrayList<>();
        for (Bottleneck b : Bottleneck.of(f)) {
            Map<String, Object> r = new LinkedHashMap<>();
            r.put("name", b.name());
            r.put("used", b.used());
            if (b.waited() >= 0) {
                r.put("wait", b.waited());
            }
            resources.add(r);
        }
        run.put("resources", resources);
        return run;
    }
}
