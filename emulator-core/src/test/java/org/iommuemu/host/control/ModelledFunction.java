// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

/** A function's configuration space, with capabilities that tests switch, which minds the order in which they are enabled. */
public final class ModelledFunction implements DeviceFunction {
    /** How many PASIDs it can have, 0 without the capability. */
    public int pasids = 1 << 20;

    /** Whether it has ATS. */
    public boolean hasAts = true;

    /** Whether it has page requests. */
    public boolean hasPageRequests = true;

    private boolean pasidOn;
    private boolean atsOn;
    private boolean pageRequestsOn;

    @Override
    public int pasids() {
        return pasids;
    }

    @Override
    public boolean hasAts() {
        return hasAts;
    }

    @Override
    public boolean hasPageRequests() {
        return hasPageRequests;
    }

    @Override
    public void pasid(boolean on) {
        if (atsOn) {
            throw new AssertionError("PASIDs are switched while ATS is enabled (PCIe §7.8.9.3)");
        }
        pasidOn = on;
    }

    @Override
    public void ats(boolean on) {
        if (!on && pageRequestsOn) {
            throw new AssertionError("ATS is disabled while page requests are enabled");
        }
        atsOn = on;
    }

    @Override
    public void pageRequests(boolean on) {
        if (on && !atsOn) {
            throw new AssertionError("page requests are enabled without ATS");
        }
        pageRequestsOn = on;
    }

    /** Whether ATS is enabled. */
    public boolean usesAts() {
        return atsOn;
    }

    /** Whether page requests are enabled. */
    public boolean asksForPages() {
        return pageRequestsOn;
    }

    /** Whether requests may carry PASIDs. */
    public boolean usesPasids() {
        return pasidOn;
    }

    @Override
    public String toString() {
        return (pasidOn ? " PASID" : "") + (atsOn ? " ATS" : "") + (pageRequestsOn ? " PRI" : "");
    }
}
