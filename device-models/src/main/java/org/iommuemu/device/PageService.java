// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import org.iommuemu.iommu.PageRequest;

/** The software that answers Page Requests. */
@FunctionalInterface
public interface PageService {
    /** Nobody: the device's time for it passes without an answer, which counts as {@code INVALID}. */
    PageService NOBODY = request -> {};

    /** Has its turn: a Page Request is in the IOMMU's queue. The response comes through the IOMMU. */
    void serve(PageRequest request);
}
