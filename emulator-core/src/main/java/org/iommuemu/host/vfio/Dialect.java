// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

/** Which proposal's binding a container speaks. Both use the same request number. */
public enum Dialect {
    /** VFIO_IOMMU_BIND and VFIO_IOMMU_UNBIND of processes (2018). */
    PROCESS,
    /** VFIO_IOMMU_SVM_BIND_TASK of PASID tables, PASIDs and page tables (2017). */
    SVM
}
