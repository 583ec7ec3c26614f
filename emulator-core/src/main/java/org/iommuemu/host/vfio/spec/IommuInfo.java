// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.StructureField;

/** What VFIO_IOMMU_GET_INFO returns: {@code struct vfio_iommu_type1_info}, without capabilities. */
public final class IommuInfo {
    /** Bytes that the caller says are there. */
    public static final StructureField ARGSZ = StructureField.u32("argsz", 0);
    /** {@link #PGSIZES}. */
    public static final StructureField FLAGS = StructureField.u32("flags", 4);
    /** A bit for each page size. */
    public static final StructureField IOVA_PGSIZES = StructureField.u64("iova_pgsizes", 8);
    /** Its length. */
    public static final int BYTES = IOVA_PGSIZES.end();

    /** VFIO_IOMMU_INFO_PGSIZES: {@link #IOVA_PGSIZES} is there. */
    public static final int PGSIZES = 1;

    private IommuInfo() {}
}
