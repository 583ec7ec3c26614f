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

    private static final int PAGE_SHIFT = 12;
    private static final long PAGE = 1L << PAGE_SHIFT;
    private static final int LARGE_SHIFT = 21;
    private static final long LARGE = 1L << LARGE_SHIFT;
    private static final int DESCRIPTOR_READ = 64;
    private static final int FRAME = 1514;
    private static final int FRAME_ROOM = 2048;
    private static final int MAILBOX_WRITE = 16;

    /** Guests have 128 MiB each, from 8 TiB on: buffers below, single pages in the last 2 MiB. */
    private static final long MEMORY = 1L << 43;

    private static final int GUEST_SHIFT = 27;
    private static final int GUEST_BITS = 16;
    private static final long SMALL_PAGES = (1L << GUEST_SHIFT) - LARGE;
    private static final int SMALL_PAGE_COUNT = (int) (LARGE / PAGE);
    private static final int FIRST_STREAM = 1;

    private final TracePattern.Parameters parameters;
    private final DmaRecord record = new DmaRecord();
    private final long[] packets;
    private final long[] ringPages;
    private final long[] mailboxPages;
    private final long[] guests;
    private final int[] firstBlocks;

    HyperTenantPattern(TracePattern.Parameters parameters) {
        this.parameters = parameters;
        int tenants = parameters.tenants();
        packets = new long[tenants];
        ringPages = new long[tenants];
        mailboxPages = new long[tenants];
        guests = new long[tenants];
        firstBlocks = new int[tenants];
        RandomStream random = new RandomStream(parameters.seed());
        // Odd multiples, and a shift, of numbers below a power of two are a permutation of them.
        long factor = random.nextLong() | 1;
        long shift = random.nextLong();
        for (int tenant = 0; tenant < tenants; tenant++) {
            long place = tenant * factor + shift & (1L << GUEST_BITS) - 1;
            guests[tenant] = MEMORY + (place << GUEST_SHIFT);
            RandomStream own = random.split(tenant);
            long ring = own.nextBelow(SMALL_PAGE_COUNT);
            long mailbox = (ring + 1 + own.nextBelow(SMALL_PAGE_COUNT - 1L)) % SMALL_PAGE_COUNT;
            ringPages[tenant] = guests[tenant] + SMALL_PAGES + ring * PAGE;
            mailboxPages[tenant] = guests[tenant] + SMALL_PAGES + mailbox * PAGE;
            firstBlocks[tenant] = (int) own.nextBelow(BUFFER_PAGES);
        }
    }

    void write(TraceWriter out) throws IOException {
        long left = parameters.records();
        long time = 0;
        int tenant = 0;
        while (left > 0) {
            prepare(tenant, time, out);
            long packet = packets[tenant];
            long inRing = packet * DESCRIPTOR_READ % PAGE;
            dma(TraceKind.READ_DMA, tenant, time, RING + inRing, DESCRIPTOR_READ, ringPages[tenant] + inRing, out);
            if (left > 1) {
                long inBuffer = packet * FRAME_ROOM % LARGE;
                dma(
                        TraceKind.WRITE_DMA,
                        tenant,
                        time,
                        buffer(packet) + inBuffer,
                        FRAME,
                        block(tenant, packet) + inBuffer,
                        out);
            }
            if (left > 2) {
                long inMailbox = packet * MAILBOX_WRITE % PAGE;
                dma(
                        TraceKind.WRITE_DMA,
                        tenant,
                        time,
                        MAILBOX + inMailbox,
                        MAILBOX_WRITE,
                        mailboxPages[tenant] + inMailbox,
                        out);
            }
            packets[tenant]++;
            left -= 3;
            time += PACKET_INTERVAL;
            tenant = tenant + 1 == parameters.tenants() ? 0 : tenant + 1;
        }
    }

    /** Maps what a guest's next packet needs. */
    private void prepare(int tenant, long time, TraceWriter out) throws IOException {
        long packet = packets[tenant];
        if (packet == 0) {
            map(tenant, time, RING, PAGE_SHIFT, ringPages[tenant], out);
            map(tenant, time, MAILBOX, PAGE_SHIFT, mailboxPages[tenant], out);
        } else if (packet % PACKETS_OF_A_BUFFER == 0) {
            record.set(time, TraceKind.UNMAP, FIRST_STREAM + tenant, buffer(packet - 1), LARGE)
                    .withPageShift(LARGE_SHIFT);
            out.write(record);
        }
        if (packet % PACKETS_OF_A_BUFFER == 0) {
            map(tenant, time, buffer(packet), LARGE_SHIFT, block(tenant, packet), out);
        }
    }

    private static long buffer(long packet) {
        return BUFFERS + packet / PACKETS_OF_A_BUFFER % BUFFER_PAGES * LARGE;
    }

    private long block(int tenant, long packet) {
        return guests[tenant] + (packet / PACKETS_OF_A_BUFFER + firstBlocks[tenant]) % BUFFER_PAGES * LARGE;
    }

    private void map(int tenant, long time, long iova, int shift, long physical, TraceWriter out) throws IOException {
        record.set(time, TraceKind.MAP, FIRST_STREAM + tenant, iova, 1L << shift)
                .withAttributes(DmaRecord.READ | DmaRecord.WRITE)
                .withPageShift(shift)
                .withAddress(physical);
        out.write(record);
    }

    private void dma(TraceKind kind, int tenant, long time, long iova, int bytes, long physical, TraceWriter out)
            throws IOException {
        record.set(time, kind, FIRST_STREAM + tenant, iova, bytes).withAddress(physical);
        out.write(record);
    }
}
