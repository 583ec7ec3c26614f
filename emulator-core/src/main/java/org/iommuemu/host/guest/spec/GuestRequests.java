// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest.spec;

import org.iommuemu.host.call.spec.RequestNumber;

/**
 * Numbers of the guests' calls, as in the first posting of the series (March 2020). The third has 124 to 126 for them, the fifth one call
 * instead of the last two.
 */
public final class GuestRequests {
    /** VFIO_IOMMU_PASID_REQUEST, with a {@link PasidRequestLayout}. */
    public static final int PASID_REQUEST = RequestNumber.of(RequestNumber.VFIO_BASE + 22);
    /** VFIO_IOMMU_BIND, with {@link GpasidBindData} as its data. */
    public static final int BIND = RequestNumber.of(RequestNumber.VFIO_BASE + 23);
    /** VFIO_IOMMU_CACHE_INVALIDATE, with {@link CacheInvalidateInfo} as its data. */
    public static final int CACHE_INVALIDATE = RequestNumber.of(RequestNumber.VFIO_BASE + 24);

    private GuestRequests() {}
}
