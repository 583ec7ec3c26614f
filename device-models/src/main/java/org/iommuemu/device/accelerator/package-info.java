// SPDX-License-Identifier: Apache-2.0
/**
 * An accelerator that moves, fills, compares and sums memory for many users at once, each in an address space of its own: shared and
 * dedicated work queues, descriptors with PASID, completion records. Start with {@link org.iommuemu.device.accelerator.Accelerator}.
 */
@NullMarked
package org.iommuemu.device.accelerator;

import org.jspecify.annotations.NullMarked;
