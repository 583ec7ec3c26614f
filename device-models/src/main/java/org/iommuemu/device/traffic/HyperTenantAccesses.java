// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import org.iommuemu.iommu.Transaction;

/**
 * What the network card of one of many guests does with packets that come in, after HyperSIO (ISCA 2020): three accesses for each packet
 * of 1,542 bytes on the wire, all guests at the same addresses.
 *
 * <ol>
 *   <li>a read of 64 bytes from the ring of descriptors, one page of 4 KiB;
 *   <li>a write of 1,514 bytes into a buffer of 2 KiB, in a page of 2 MiB that after 1,500 packets is unmapped, and another one mapped:
 *       32 of them, one after the other and round again;
 *   <li>a write of 16 bytes into the mailbox, one page of 4 KiB.
 * </ol>
 */
public final class HyperTenantAccesses implements AccessPattern {
    /** Accesses of a packet. */
    public static final int STEPS = 3;
    /** Packets for which a page of buffers lasts. */
    public static final int PACKETS_OF_A_BUFFER = 1500;
    /** Input address of the ring's page. */
    public static final long RING = 0xFFFF_F000L;
    /** Input address of the mailbox's page. */
    public static final long MAILBOX = 0xFFFF_E000L;
    /** Input address of the first page of buffers. */
    public static final long BUFFERS = 0xF800_0000L;
    /** How many of those there are. */
    public static final int BUFFER_PAGES = 32;
    /** log2 of their bytes. */
    public static final int LARGE_SHIFT = 21;

    private static final int PAGE_SHIFT = 12;
    private static final long PAGE = 1L << PAGE_SHIFT;
    private static final long LARGE = 1L << LARGE_SHIFT;
    private static final int DESCRIPTOR_READ = 64;
    private static final int FRAME = 1514;
    private static final int FRAME_ROOM = 2048;
    private static final int MAILBOX_WRITE = 16;
    private static final int NO_PASID = Transaction.NO_SUBSTREAM;

    private final long physical;

    /**
     * A guest.
     *
     * @param physical first byte of its memory: 64 MiB of buffers, then the page of the ring and that of the mailbox
     */
    public HyperTenantAccesses(long physical) {
        this.physical = physical;
    }

    /** Which page of buffers a packet of a guest goes to. */
    public static int bufferPage(long packet) {
        return (int) (packet / PACKETS_OF_A_BUFFER % BUFFER_PAGES);
    }

    /** Input address of the page of buffers of a packet. */
    public static long buffer(long packet) {
        return BUFFERS + bufferPage(packet) * LARGE;
    }

    /** One of the three accesses of a packet, from 0 on. */
    public static DeviceAccess access(long packet, int step) {
        return switch (step) {
            case 0 -> new DeviceAccess(false, RING + packet * DESCRIPTOR_READ % PAGE, DESCRIPTOR_READ, NO_PASID);
            case 1 -> new DeviceAccess(true, buffer(packet) + packet * FRAME_ROOM % LARGE, FRAME, NO_PASID);
            default -> new DeviceAccess(true, MAILBOX + packet * MAILBOX_WRITE % PAGE, MAILBOX_WRITE, NO_PASID);
        };
    }

    private void mapBuffer(long packet, Software software) {
        software.map(NO_PASID, buffer(packet), physical + bufferPage(packet) * LARGE, LARGE, LARGE_SHIFT);
    }

    @Override
    public DeviceAccess next(long number, Software software) {
        long packet = number / STEPS;
        int step = (int) (number % STEPS);
        if (step == 0 && packet == 0) {
            long pages = physical + BUFFER_PAGES * LARGE;
            software.map(NO_PASID, RING, pages, PAGE, PAGE_SHIFT);
            software.map(NO_PASID, MAILBOX, pages + PAGE, PAGE, PAGE_SHIFT);
        }
        if (step == 0 && packet % PACKETS_OF_A_BUFFER == 0) {
            mapBuffer(packet, software);
        }
        return access(packet, step);
    }

    @Override
    public void seen(long number, Software software) {
        long packet = number / STEPS;
        if (number % STEPS == STEPS - 1 && packet % PACKETS_OF_A_BUFFER == PACKETS_OF_A_BUFFER - 1) {
            software.unmap(NO_PASID, buffer(packet), LARGE, LARGE_SHIFT);
        }
    }
}
