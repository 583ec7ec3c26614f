// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What carries another structure: vfio_iommu_type1_bind and vfio_iommu_type1_cache_invalidate. */
public final class CarrierLayout {
    /** Bytes that the caller says there are, those of the data too. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** {@link #BIND_GUEST_PGTBL} or {@link #UNBIND_GUEST_PGTBL}; 0 for an invalidation. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** Where the other structure begins. */
    public static final int DATA = 8;

    /** VFIO_IOMMU_BIND_GUEST_PGTBL. */
    public static final int BIND_GUEST_PGTBL = 1;
    /** VFIO_IOMMU_UNBIND_GUEST_PGTBL. */
    public static final int UNBIND_GUEST_PGTBL = 1 << 1;

    private CarrierLayout() {}
}
