// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import org.iommuemu.iommu.Transaction;

/**
 * An access of a device.
 *
 * @param write whether it writes
 * @param address of the first byte, as the device knows it
 * @param bytes how many, at least 1
 * @param pasid or {@link Transaction#NO_SUBSTREAM}
 */
public record DeviceAccess(boolean write, long address, int bytes, int pasid) {}
