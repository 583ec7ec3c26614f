// SPDX-License-Identifier: Apache-2.0
/**
 * A network card of no vendor: rings of descriptors for what comes in and goes out, receive-side scaling, moderated interrupts. Begin
 * with {@link org.iommuemu.device.nic.Nic}; {@link org.iommuemu.device.nic.NicDriver} is software for it. All DMA goes through a
 * {@link org.iommuemu.ats.DmaChannel}, so that the card knows of no IOMMU.
 */
@NullMarked
package org.iommuemu.device.nic;

import org.jspecify.annotations.NullMarked;
