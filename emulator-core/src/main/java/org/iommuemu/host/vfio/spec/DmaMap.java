// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What VFIO_IOMMU_MAP_DMA takes: {@code struct vfio_iommu_type1_dma_map}. */
public final class DmaMap {
    /** Bytes that the caller says are there. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** {@link #READ}, {@link #WRITE}. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** Address in the caller's memory. */
    public static final StructureField VADDR = StructureField.u64("vaddr", 8);
    /** Address that devices use. */
    public static final StructureField IOVA = StructureField.u64("iova", 16);
    /** In bytes. */
    public static final StructureField SIZE = StructureField.u64("size", 24);
    /** Its length. */
    public static final int BYTES = SIZE.end();

    /** VFIO_DMA_MAP_FLAG_READ: devices may read. */
    public static final int READ = 1;
    /** VFIO_DMA_MAP_FLAG_WRITE: devices may write. */
    public static final int WRITE = 1 << 1;

    private DmaMap() {}
}
