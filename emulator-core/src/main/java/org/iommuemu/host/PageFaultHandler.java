// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.List;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;

/** Software that brings pages in for devices that ask for them. */
@FunctionalInterface
public interface PageFaultHandler {
    /**
     * Answers a page request group; may map what is asked for before it does.
     *
     * @param group its requests, in their order, of one stream and PASID; the last is marked so
     */
    PageResponse.Code handle(List<PageRequest> group);
}
