// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

/** What a container can be asked for; the kinds of IOMMU are among it (linux/vfio.h). */
public final class Extension {
    /** VFIO_TYPE1_IOMMU. */
    public static final int TYPE1_IOMMU = 1;
    /** VFIO_TYPE1v2_IOMMU. */
    public static final int TYPE1V2_IOMMU = 3;
    /** VFIO_DMA_CC_IOMMU: DMA is coherent with caches, whatever devices ask for. */
    public static final int DMA_CC_IOMMU = 4;
    /** VFIO_TYPE1_NESTING_IOMMU. */
    public static final int TYPE1_NESTING_IOMMU = 6;

    private Extension() {}
}
