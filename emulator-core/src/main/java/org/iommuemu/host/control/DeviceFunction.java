// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

/** What the kernel does to the configuration space of a function: it asks for capabilities, and enables them. */
public interface DeviceFunction {
    /** How many PASIDs it can have (PCIe §7.8.9.2, Max PASID Width), or 0 without the capability. */
    int pasids();

    /** Whether it has the ATS capability. */
    boolean hasAts();

    /** Whether it has the page-request capability. */
    boolean hasPageRequests();

    /** Whether it is a virtual function, which shares the page requests of its physical one (PCIe §10.4.2). */
    default boolean isVirtual() {
        return false;
    }

    /** Lets requests carry a PASID, or no longer; not while ATS is enabled (PCIe §7.8.9.3). */
    void pasid(boolean on);

    /** Enables ATS with the smallest translation unit of 4 KiB, or disables it. */
    void ats(boolean on);

    /** Resets page requests, allocates as many as there can be, and enables them; or disables them. */
    void pageRequests(boolean on);
}
