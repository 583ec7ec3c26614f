// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest.spec;

import org.iommuemu.host.call.spec.StructureField;

/** vfio_iommu_type1_pasid_request: with a union in the first posting, with a range for both operations from the second on. */
public final class PasidRequestLayout {
    /** Bytes that the caller says there are. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** {@link #ALLOC} or {@link #FREE}. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** Lowest PASID. */
    public static final StructureField MIN = StructureField.u32("min", 8);
    /** Highest PASID. */
    public static final StructureField MAX = StructureField.u32("max", 12);
    /** First posting: the PASID that was allocated. */
    public static final StructureField RESULT = StructureField.u32("result", 16);
    /** First posting: the PASID to free, in the place of {@link #MIN}. */
    public static final StructureField FREE_PASID = StructureField.u32("free_pasid", 8);
    /** First posting: bytes of the whole. */
    public static final int UNION_BYTES = 20;
    /** From the second on: bytes of the whole. */
    public static final int RANGE_BYTES = 16;

    /** VFIO_IOMMU_PASID_ALLOC. */
    public static final int ALLOC = 1;
    /** VFIO_IOMMU_PASID_FREE. */
    public static final int FREE = 1 << 1;

    private PasidRequestLayout() {}
}
