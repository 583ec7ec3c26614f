// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import org.iommuemu.host.call.Errno;

/** Forms that VFIO_IOMMU_PASID_REQUEST has had. */
public enum PasidDialect {
    /**
     * The first posting's: a union, the PASID in its {@code result}, one PASID freed at a time. Containers without an IOMMU's domain give
     * EINVAL; what the IOMMU can do for guests is not asked.
     */
    UNION(Errno.EINVAL, false),
    /**
     * That of later ones: a range for both, the PASID as return value; of a range that is freed, others' PASIDs are passed over. Without
     * PASIDs that are the host's to give (IOMMU_NESTING_FEAT_SYSWIDE_PASID), EOPNOTSUPP.
     */
    RANGE(Errno.EOPNOTSUPP, true);

    private final Errno unsupported;
    private final boolean needsHostPasids;

    PasidDialect(Errno unsupported, boolean needsHostPasids) {
        this.unsupported = unsupported;
        this.needsHostPasids = needsHostPasids;
    }

    /** The error of containers that have no PASIDs for guests. */
    Errno unsupported() {
        return unsupported;
    }

    /** Whether guests' PASIDs have to be the host's. */
    boolean needsHostPasids() {
        return needsHostPasids;
    }
}
