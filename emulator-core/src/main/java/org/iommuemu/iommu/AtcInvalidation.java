// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/**
 * An Invalidate Request on its way to the address translation cache (ATC) of a device (PCIe base specification, chapter 10).
 *
 * @param ticket number by which {@link Iommu#invalidationEnded} knows it
 * @param streamId whose ATC
 * @param substreamId PASID, or {@link Transaction#NO_SUBSTREAM}
 * @param global whether entries of every PASID are meant; only with a PASID
 * @param address first byte, aligned to the span
 * @param log2Bytes log2 of the span in bytes, 12 to 64; 64 is everything
 */
public record AtcInvalidation(
        long ticket, int streamId, int substreamId, boolean global, long address, int log2Bytes) {}
