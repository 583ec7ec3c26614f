// SPDX-License-Identifier: Apache-2.0
/**
 * Software that drives an IOMMU, by what real software has: memory, registers and queues. Start with {@link
 * org.iommuemu.host.IommuDriver}, what it does for devices, and {@link org.iommuemu.host.SmmuDriver}, how for an SMMUv3.
 */
@NullMarked
package org.iommuemu.host;

import org.jspecify.annotations.NullMarked;
