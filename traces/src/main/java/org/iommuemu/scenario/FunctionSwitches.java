// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import org.iommuemu.capture.JsonObject;
import org.iommuemu.pcie.PciFunction;
import org.jspecify.annotations.Nullable;

/**
 * What software switches in a function's configuration space; null for what it leaves alone.
 *
 * @param busMaster Bus Master Enable
 * @param pasid PASID Enable
 * @param execute Execute Permission Enable, with PASID Enable
 * @param privileged Privileged Mode Enable, with PASID Enable
 * @param pri PRI Enable
 * @param pageRequests Outstanding Page Request Allocation, with PRI Enable
 * @param ats ATS Enable
 * @param stu Smallest Translation Unit, with ATS Enable
 */
record FunctionSwitches(
        @Nullable Boolean busMaster,
        @Nullable Boolean pasid,
        boolean execute,
        boolean privileged,
        @Nullable Boolean pri,
        int pageRequests,
        @Nullable Boolean ats,
        int stu) {
    private static final int USUAL_PAGE_REQUESTS = 32;

    /** Reads those that a step has. */
    static FunctionSwitches parse(JsonObject json, @Nullable Boolean busMaster) {
        return new FunctionSwitches(
                json.has("bus_master") ? Boolean.valueOf(json.flag("bus_master")) : busMaster,
                flag(json, "pasid"),
                DeviceStep.flag(json, "execute"),
                DeviceStep.flag(json, "privileged"),
                flag(json, "pri"),
                json.has("page_requests")
                        ? (int) json.number("page_requests", 0, Integer.MAX_VALUE)
                        : USUAL_PAGE_REQUESTS,
                flag(json, "ats"),
                json.has("stu") ? (int) json.number("stu", 0, 31) : 0);
    }

    private static @Nullable Boolean flag(JsonObject json, String name) {
        return json.has(name) ? Boolean.valueOf(json.flag(name)) : null;
    }

    /** Sets them in an order that the function takes: PASID is fixed while ATS is on (PCIe Base Specification §7.8.9.3). */
    void apply(PciFunction function) {
        if (ats != null && !ats) {
            function.disableAts();
        }
        if (pasid != null && pasid) {
            function.enablePasid(execute, privileged);
        } else if (pasid != null) {
            function.disablePasid();
        }
        if (pri != null && pri) {
            function.enablePri(pageRequests);
        } else if (pri != null) {
            function.disablePri();
        }
        if (ats != null && ats) {
            function.enableAts(stu);
        }
        if (busMaster != null && busMaster) {
            function.enableBusMaster();
        } else if (busMaster != null) {
            function.disableBusMaster();
        }
    }
}
