// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import org.iommuemu.iommu.Transaction;

/**
 * A ring of 256 receive buffers, each a page of 4 KiB that is mapped when it is posted and unmapped when it has been written, as drivers
 * without a page pool do; 1,514 bytes each. Input addresses go round 512 pages, one behind the other.
 */
public final class RingAccesses implements AccessPattern {
    /** Buffers that are posted. */
    public static final int BUFFERS = 256;
    /** The first input address. */
    public static final long START = 0xFFE0_0000L;
    /** Bytes of each write. */
    public static final int FRAME = 1514;
    /** Physical memory, as log2 of bytes. */
    public static final int MEMORY_SHIFT = 27;

    private static final int ADDRESSES = 512;
    private static final int PAGE_SHIFT = 12;
    private static final long PAGE = 1L << PAGE_SHIFT;

    private final long physical;

    /**
     * A ring.
     *
     * @param physical first byte of the device's memory, of which it takes pages from everywhere
     */
    public RingAccesses(long physical) {
        this.physical = physical;
    }

    /** Input address of a packet. */
    public static long iova(long packet) {
        return START + packet % ADDRESSES * PAGE;
    }

    /** Where it is in the device's memory: pages are taken from all over it, 12,347 is prime. */
    public static long offset(long packet) {
        return packet * 12_347 % (1L << MEMORY_SHIFT - PAGE_SHIFT) * PAGE;
    }

    private void map(long packet, Software software) {
        software.map(Transaction.NO_SUBSTREAM, iova(packet), physical + offset(packet), PAGE, PAGE_SHIFT);
    }

    @Override
    public DeviceAccess next(long number, Software software) {
        if (number == 0) {
            for (int ahead = 0; ahead < BUFFERS; ahead++) {
                map(ahead, software);
            }
        }
        return new DeviceAccess(true, iova(number), FRAME, Transaction.NO_SUBSTREAM);
    }

    @Override
    public void seen(long number, Software software) {
        software.unmap(Transaction.NO_SUBSTREAM, iova(number), PAGE, PAGE_SHIFT);
        map(number + BUFFERS, software);
    }
}
