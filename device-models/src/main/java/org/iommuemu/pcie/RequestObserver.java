// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.iommu.timing.Journey;

/** Is shown every request that has been through the IOMMU. */
@FunctionalInterface
public interface RequestObserver {
    /** Nobody. */
    RequestObserver NOBODY = (request, at, passed, journey) -> {};

    /**
     * A request is through, or was refused.
     *
     * @param at when it reached the IOMMU, in ps
     * @param passed when it left it, in ps; the same for one that the IOMMU holds back
     * @param journey what the time between was spent on; filled anew for the next request
     */
    void passed(Tlp.MemoryRequest request, long at, long passed, Journey journey);
}
