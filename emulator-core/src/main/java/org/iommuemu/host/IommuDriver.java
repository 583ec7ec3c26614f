// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/**
 * A driver that gives each device, and each of its PASIDs, an address space of its own, made when it is first named. Unmapping is strict:
 * what was unmapped is invalidated before the call returns.
 *
 * <p>What cannot be done is said by an {@link IllegalArgumentException}: {@code what is wrong, expected what}.
 */
public interface IommuDriver {
    /** For a device's requests without PASID. */
    int NO_PASID = -1;

    /** May be read. */
    int READ = 1;
    /** May be written. */
    int WRITE = 1 << 1;
    /** May be executed. */
    int EXECUTE = 1 << 2;
    /** By privileged accesses only. */
    int PRIVILEGED = 1 << 3;

    /**
     * Maps pages.
     *
     * @param stream StreamID or requester id
     * @param pasid or {@link #NO_PASID}
     * @param iova input address of the first byte
     * @param physical where that is to be
     * @param bytes a multiple of the page size
     * @param pageShift log2 of the page size
     * @param permissions {@link #READ}, {@link #WRITE}, {@link #EXECUTE}, {@link #PRIVILEGED}
     */
    void map(int stream, int pasid, long iova, long physical, long bytes, int pageShift, int permissions);

    /** Unmaps pages; those that are not mapped are passed over. */
    void unmap(int stream, int pasid, long iova, long bytes, int pageShift);

    /**
     * Invalidates what caches hold, without a change of tables.
     *
     * @param bytes length of the range, or 0 for the whole address space
     */
    void invalidate(int stream, int pasid, long iova, long bytes);

    /** Takes fault records out of their queue, so that there is room. */
    void takeFaults();

    /** Takes page requests out of their queue, so that there is room. */
    void takePageRequests();

    /** How many address spaces there are. */
    int addressSpaces();
}
