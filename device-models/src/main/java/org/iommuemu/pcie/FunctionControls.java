// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/** What software has switched on in a function's configuration space, as far as its DMA goes. */
public final class FunctionControls {
    /** Command register, Bus Master Enable. */
    public boolean busMaster;
    /** ATS control, Enable. */
    public boolean ats;
    /** ATS control, Smallest Translation Unit: log2 of its 4 KiB pages. */
    public int smallestTranslationUnit;
    /** PRI control, Enable. */
    public boolean pri;
    /** PRI, Outstanding Page Request Allocation. */
    public int pageRequestAllocation;
    /** PASID control, Enable. */
    public boolean pasid;
    /** PASID control, Execute Permission Enable. */
    public boolean execute;
    /** PASID control, Privileged Mode Enable. */
    public boolean privileged;

    /** All off, as after a reset. */
    void reset() {
        busMaster = false;
        ats = false;
        smallestTranslationUnit = 0;
        pri = false;
        pageRequestAllocation = 0;
        pasid = false;
        execute = false;
        privileged = false;
    }
}
