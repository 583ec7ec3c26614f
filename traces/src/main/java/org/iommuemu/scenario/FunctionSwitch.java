// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.iommuemu.capture.JsonObject;
import org.iommuemu.pcie.FunctionControls;

/** What software can switch in a function's configuration space; its name in lower case is the field of a step. */
enum FunctionSwitch {
    /** Bus Master Enable. */
    BUS_MASTER(1),
    /** ATS Enable. */
    ATS(1),
    /** Smallest Translation Unit. */
    STU(31),
    /** PRI Enable. */
    PRI(1),
    /** Outstanding Page Request Allocation. */
    PAGE_REQUESTS(Integer.MAX_VALUE),
    /** PASID Enable. */
    PASID(1),
    /** Execute Permission Enable. */
    EXECUTE(1),
    /** Privileged Mode Enable. */
    PRIVILEGED(1);

    private final int most;

    FunctionSwitch(int most) {
        this.most = most;
    }

    String field() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads those that a step has. */
    static Map<FunctionSwitch, Integer> parse(JsonObject json) {
        Map<FunctionSwitch, Integer> switches = new EnumMap<>(FunctionSwitch.class);
        for (FunctionSwitch s : values()) {
            if (json.has(s.field())) {
                int value = s.most == 1 ? (json.flag(s.field()) ? 1 : 0) : (int) json.number(s.field(), 0, s.most);
                switches.put(s, value);
            }
        }
        return switches;
    }

    void set(FunctionControls c, int value) {
        boolean on = value != 0;
        switch (this) {
            case BUS_MASTER -> c.busMaster = on;
            case ATS -> c.ats = on;
            case STU -> c.smallestTranslationUnit = value;
            case PRI -> c.pri = on;
            case PAGE_REQUESTS -> c.pageRequestAllocation = value;
            case PASID -> c.pasid = on;
            case EXECUTE -> c.execute = on;
            case PRIVILEGED -> c.privileged = on;
        }
    }
}
