// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import org.iommuemu.host.process.AddressSpace;
import org.jspecify.annotations.Nullable;

/** What one VFIO_IOMMU_MAP_DMA has mapped (Linux' vfio_dma). */
final class DmaMapping {
    private final AddressSpace mm;
    private final long vaddr;
    private final long iova;
    private final long size;
    private final int permissions;
    private long @Nullable [] frames;

    /** Nothing is pinned. */
    DmaMapping(AddressSpace mm, long vaddr, long iova, long size, int permissions) {
        this.mm = mm;
        this.vaddr = vaddr;
        this.iova = iova;
        this.size = size;
        this.permissions = permissions;
    }

    /** Whose memory it is. */
    AddressSpace mm() {
        return mm;
    }

    long vaddr() {
        return vaddr;
    }

    long iova() {
        return iova;
    }

    /** In bytes. */
    long size() {
        return size;
    }

    /** Its last byte. */
    long last() {
        return iova + size - 1;
    }

    int permissions() {
        return permissions;
    }

    /** Its pages' frames, which are pinned; null while there is no IOMMU. */
    long @Nullable [] frames() {
        return frames;
    }

    void frames(long @Nullable [] pinned) {
        frames = pinned;
    }
}
