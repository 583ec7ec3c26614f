// SPDX-License-Identifier: Apache-2.0
/**
 * iommufd: {@code /dev/iommu}, and what VFIO devices have to do with it. A file has objects with numbers: devices, address spaces (IOAS),
 * hardware page tables (HWPT), queues, guests' IOMMUs. Rules and errors are those of {@code drivers/iommu/iommufd} and the drivers below it
 * (Linux 6.15 to 7.0) where nothing else is said. Start with {@link org.iommuemu.host.iommufd.Iommufd}, what one file has, as typed calls;
 * {@link org.iommuemu.host.iommufd.IommufdFile} makes the same calls out of structures.
 */
@NullMarked
package org.iommuemu.host.iommufd;

import org.jspecify.annotations.NullMarked;
