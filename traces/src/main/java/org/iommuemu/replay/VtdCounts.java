// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.vtd.FaultReason;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.Descriptor;

/** What a VT-d unit counts. */
final class VtdCounts implements MachineCounts {
    private final Vtd vtd;

    VtdCounts(Vtd vtd) {
        this.vtd = vtd;
    }

    @Override
    public int level(int height) {
        return height + 1;
    }

    @Override
    public long structureReads() {
        return vtd.structureReads();
    }

    @Override
    public Map<String, Long> commands() {
        Map<String, Long> byName = new LinkedHashMap<>();
        for (Descriptor d : Descriptor.values()) {
            byName.put(d.name(), vtd.consumed(d));
        }
        byName.values().removeIf(n -> n == 0);
        return byName;
    }

    @Override
    public Map<String, Long> events() {
        Map<String, Long> byName = new LinkedHashMap<>();
        for (FaultReason reason : FaultReason.values()) {
            byName.put(reason.name(), vtd.faults(reason));
        }
        byName.values().removeIf(n -> n == 0);
        return byName;
    }

    @Override
    public String eventLine() {
        return "fault";
    }

    @Override
    public Map<String, Long> others() {
        Map<String, Long> byName = new LinkedHashMap<>();
        byName.put("hardwareUpdates", vtd.unit().hardwareUpdates());
        byName.put("faultsLost", vtd.faultsLost());
        byName.put("interruptsRemapped", vtd.interruptsRemapped());
        byName.put("interruptsRefused", vtd.interruptsRefused());
        byName.put("pageRequests", vtd.pageRequestQueue().produced());
        byName.values().removeIf(n -> n == 0);
        return byName;
    }
}
