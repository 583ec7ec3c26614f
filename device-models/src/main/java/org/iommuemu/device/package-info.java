// SPDX-License-Identifier: Apache-2.0
/**
 * What issues DMA. {@link org.iommuemu.device.DmaEngine} moves bytes between a device and memory through an IOMMU; whole
 * devices are built on it. {@link org.iommuemu.device.DmaPath} is the way of a DMA in time, from device to memory and back, and
 * {@link org.iommuemu.device.AddressTranslationService} what devices with an ATC say to the IOMMU.
 */
@NullMarked
package org.iommuemu.device;

import org.jspecify.annotations.NullMarked;
