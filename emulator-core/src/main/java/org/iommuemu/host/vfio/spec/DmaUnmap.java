// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What VFIO_IOMMU_UNMAP_DMA takes: {@code struct vfio_iommu_type1_dma_unmap}. */
public final class DmaUnmap {
    /** Bytes that the caller says are there. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** None. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** Address that devices use. */
    public static final StructureField IOVA = StructureField.u64("iova", 8);
    /** In bytes. Returned: how many were unmapped. */
    public static final StructureField SIZE = StructureField.u64("size", 16);
    /** Its length. */
    public static final int BYTES = SIZE.end();

    private DmaUnmap() {}
}
