// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/**
 * A Page Request message of a device (PCIe base specification, chapter 10; IHI 0070 chapter 8).
 *
 * @param streamId who asks
 * @param substreamId PASID, or {@link Transaction#NO_SUBSTREAM}
 * @param address page, a multiple of 4 KiB
 * @param read whether it wants to read
 * @param write whether it wants to write
 * @param execute whether it wants to execute; only with a PASID
 * @param privileged whether it asks for privileged mode; only with a PASID
 * @param last whether the group ends with it
 * @param group index of its page request group, 9 bits
 */
public record PageRequest(
        int streamId,
        int substreamId,
        long address,
        boolean read,
        boolean write,
        boolean execute,
        boolean privileged,
        boolean last,
        int group) {

    /** Whether it carries a PASID. */
    public boolean hasSubstream() {
        return substreamId != Transaction.NO_SUBSTREAM;
    }

    /** Whether it is a Stop Marker: the last message of a PASID, which asks for nothing and gets no response. */
    public boolean isStopMarker() {
        return hasSubstream() && last && !read && !write;
    }
}
