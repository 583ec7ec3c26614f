// SPDX-License-Identifier: Apache-2.0
/**
 * What issues DMA. {@link org.iommuemu.device.DmaEngine} moves bytes between a device and memory through an IOMMU; whole
 * devices are built on it.
 */
@NullMarked
package org.iommuemu.device;

import org.jspecify.annotations.NullMarked;
