// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.List;
import org.iommuemu.iommu.StaleEntry;
import org.iommuemu.iommu.StaleHit;

/**
 * What a comparison of every translation with the tables has shown.
 *
 * @param hits pages that were accessed by a translation which the tables no longer gave, in the order of the first access
 * @param accesses such accesses, those of pages already reported included
 * @param stop number of the trace record after which the IOTLB was compared with the snapshot's tables, or −1 if none was
 * @param entries translations in the IOTLB that the snapshot's tables do not give
 */
public record StaleReport(List<StaleHit> hits, long accesses, long stop, List<StaleEntry> entries) {
    /** Whether nothing was accessed by a stale translation; one that lies in a cache unused does no harm. */
    public boolean isClean() {
        return hits.isEmpty();
    }
}
