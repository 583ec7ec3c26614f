// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

/** What becomes of a device's addresses. */
public enum Translation {
    /** The IOMMU is off: SMMU_CR0.SMMUEN, or GCMD.TE, is 0. */
    OFF("off"),
    /** The IOMMU translates. */
    ON("on"),
    /** The IOMMU translates, and the device asks for translations. */
    ATS("ats");

    private final String label;

    Translation(String label) {
        this.label = label;
    }

    /** What reports call it. */
    public String label() {
        return label;
    }
}
