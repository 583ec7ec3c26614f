// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;

/** What an SMMUv3 counts. */
final class SmmuCounts implements MachineCounts {
    private final SmmuV3 smmu;

    SmmuCounts(SmmuV3 smmu) {
        this.smmu = smmu;
    }

    @Override
    public int level(int height) {
        return Aarch64Stage1.LAST_LEVEL - height;
    }

    @Override
    public long structureReads() {
        return smmu.statistics().structureReads();
    }

    @Override
    public String eventLine() {
        return "eventq";
    }

    @Override
    public Map<String, Long> commands() {
        Map<String, Long> byName = new LinkedHashMap<>();
        for (Command c : Command.values()) {
            if (smmu.statistics().consumed(c) > 0) {
                byName.put(c.name(), smmu.statistics().consumed(c));
            }
        }
        return byName;
    }

    @Override
    public Map<String, Long> events() {
        Map<String, Long> byName = new LinkedHashMap<>();
        for (Event e : Event.values()) {
            if (smmu.statistics().recorded(e) > 0) {
                byName.put(e.name(), smmu.statistics().recorded(e));
            }
        }
        return byName;
    }

    @Override
    public Map<String, Long> others() {
        Map<String, Long> byName = new LinkedHashMap<>();
        byName.put("hardwareUpdates", smmu.unit().hardwareUpdates());
        byName.put("structureAborts", smmu.statistics().structureAborts());
        byName.put("messagesSent", smmu.statistics().messagesSent());
        byName.put("wakeUpEvents", smmu.statistics().wakeUpEvents());
        byName.put("eventsOverflowed", smmu.statistics().eventsOverflowed());
        byName.put("eventsDiscarded", smmu.statistics().eventsDiscarded());
        byName.put("eventsMerged", smmu.statistics().eventsMerged());
        byName.put("stalls", smmu.statistics().stalls());
        byName.put("translationRequests", smmu.statistics().translationRequests());
        byName.put("translatedForwarded", smmu.statistics().translatedForwarded());
        byName.put("atcInvalidations", smmu.statistics().atcInvalidations());
        byName.put("atcTimeouts", smmu.statistics().atcTimeouts());
        byName.put("pageRequests", smmu.pageRequestQueue().produced());
        byName.put("pageRequestsOverflowed", smmu.statistics().pageRequestsOverflowed());
        byName.put("pageRequestsDiscarded", smmu.statistics().pageRequestsDiscarded());
        byName.put("automaticResponses", smmu.statistics().automaticResponses());
        byName.values().removeIf(n -> n == 0);
        return byName;
    }
}
