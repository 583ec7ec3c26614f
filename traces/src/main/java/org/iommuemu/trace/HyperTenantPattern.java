// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;
import org.iommuemu.time.RandomStream;

/**
 * What the network cards of many guests do with packets that come in, after HyperSIO (ISCA 2020): three accesses for each packet of 1,542
 * bytes on the wire, packets 61.68 ns apart (200 Gb/s), guests in turn, all of them with the same addresses.
 *
 * <ol>
 *   <li>a read of 64 bytes from the ring of descriptors, one page of 4 KiB;
 *   <li>a write of 1,514 bytes into a buffer of 2 KiB, in a page of 2 MiB that after 1,500 packets of its guest is unmapped, and another
 *       one mapped: 32 of them, one after the other and round again;
 *   <li>a write of 16 bytes into the mailbox, one page of 4 KiB.
 * </ol>
 *
 * <p>By seed: where in physical memory each guest is, which of its pages are ring and mailbox, and which of its blocks it begins with.
 */
final class HyperTenantPattern {
    /** 1,542 bytes at 200 Gb/s, in ps. */
    static final long PACKET_INTERVAL = 61_680;

    static final int PACKETS_OF_A_BUFFER = 1500;
    static final long RING = 0xFFFF_F000L;
    static final long MAILBOX = 0xFFFF_E000L;
    static final long BUFFERS = 0xF800_0000L;
    static final int BUFFER_PAGES = 32;

    private static final long PAGE = TenantMemory.PAGE;
    private static final int LARGE_SHIFT = 21;
    private static final long LARGE = 1L << LARGE_SHIFT;
    private static final int DESCRIPTOR_READ = 64;
    private static final int FRAME = 1514;
    private static final int FRAME_ROOM = 2048;
    private static final int MAILBOX_WRITE = 16;

    /** Buffers are at the bottom of a guest's memory, single pages in its last 2 MiB. */
    private static final long SMALL_PAGES = (1L << TenantMemory.SHIFT) - LARGE;

    private static final int SMALL_PAGE_COUNT = (int) (LARGE / PAGE);

    private final TracePattern.Parameters parameters;
    private final long[] packets;
    private final long[] ringPages;
    private final long[] mailboxPages;
    private final int[] firstBlocks;

    HyperTenantPattern(TracePattern.Parameters parameters) {
        this.parameters = parameters;
        int tenants = parameters.tenants();
        packets = new long[tenants];
        ringPages = new long[tenants];
        mailboxPages = new long[tenants];
        firstBlocks = new int[tenants];
    }

    void write(TraceWriter out) throws IOException {
        TenantMemory memory = new TenantMemory(parameters.seed(), out);
        for (int tenant = 0; tenant < packets.length; tenant++) {
            RandomStream own = memory.random(tenant);
            long ring = own.nextBelow(SMALL_PAGE_COUNT);
            long mailbox = (ring + 1 + own.nextBelow(SMALL_PAGE_COUNT - 1L)) % SMALL_PAGE_COUNT;
            ringPages[tenant] = memory.start(tenant) + SMALL_PAGES + ring * PAGE;
            mailboxPages[tenant] = memory.start(tenant) + SMALL_PAGES + mailbox * PAGE;
            firstBlocks[tenant] = (int) own.nextBelow(BUFFER_PAGES);
        }
        long left = parameters.records();
        int tenant = 0;
        for (long time = 0; left > 0; time += PACKET_INTERVAL) {
            packet(tenant, time, left, memory);
            left -= 3;
            tenant = tenant + 1 == packets.length ? 0 : tenant + 1;
        }
    }

    private void packet(int tenant, long time, long accesses, TenantMemory memory) throws IOException {
        long packet = packets[tenant]++;
        long block = memory.start(tenant) + (packet / PACKETS_OF_A_BUFFER + firstBlocks[tenant]) % BUFFER_PAGES * LARGE;
        if (packet == 0) {
            memory.map(tenant, time, RING, TenantMemory.PAGE_SHIFT, ringPages[tenant]);
            memory.map(tenant, time, MAILBOX, TenantMemory.PAGE_SHIFT, mailboxPages[tenant]);
        }
        if (packet % PACKETS_OF_A_BUFFER == 0) {
            if (packet > 0) {
                memory.unmap(tenant, time, buffer(packet - 1), LARGE_SHIFT);
            }
            memory.map(tenant, time, buffer(packet), LARGE_SHIFT, block);
        }
        long inRing = packet * DESCRIPTOR_READ % PAGE;
        memory.access(TraceKind.READ_DMA, tenant, time, RING + inRing, DESCRIPTOR_READ, ringPages[tenant] + inRing);
        if (accesses > 1) {
            long inBuffer = packet * FRAME_ROOM % LARGE;
            memory.access(TraceKind.WRITE_DMA, tenant, time, buffer(packet) + inBuffer, FRAME, block + inBuffer);
        }
        if (accesses > 2) {
            long inMailbox = packet * MAILBOX_WRITE % PAGE;
            memory.access(
                    TraceKind.WRITE_DMA,
                    tenant,
                    time,
                    MAILBOX + inMailbox,
                    MAILBOX_WRITE,
                    mailboxPages[tenant] + inMailbox);
        }
    }

    private static long buffer(long packet) {
        return BUFFERS + packet / PACKETS_OF_A_BUFFER % BUFFER_PAGES * LARGE;
    }
}
