// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import static org.iommuemu.device.traffic.HyperTenantAccesses.BUFFER_PAGES;
import static org.iommuemu.device.traffic.HyperTenantAccesses.LARGE_SHIFT;
import static org.iommuemu.device.traffic.HyperTenantAccesses.MAILBOX;
import static org.iommuemu.device.traffic.HyperTenantAccesses.PACKETS_OF_A_BUFFER;
import static org.iommuemu.device.traffic.HyperTenantAccesses.RING;

import java.io.IOException;
import org.iommuemu.device.traffic.DeviceAccess;
import org.iommuemu.device.traffic.HyperTenantAccesses;
import org.iommuemu.time.RandomStream;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;

/**
 * What the network cards of many guests do, each of them as {@link HyperTenantAccesses} says: packets 61.68 ns apart (200 Gb/s), guests
 * in turn.
 *
 * <p>By seed: where in physical memory each guest is, which of its pages are ring and mailbox, and which of its blocks it begins with.
 */
final class HyperTenantPattern {
    /** 1,542 bytes at 200 Gb/s, in ps. */
    static final long PACKET_INTERVAL = 61_680;

    private static final long PAGE = TenantMemory.PAGE;
    private static final long LARGE = 1L << LARGE_SHIFT;

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
                memory.unmap(tenant, time, HyperTenantAccesses.buffer(packet - 1), LARGE_SHIFT);
            }
            memory.map(tenant, time, HyperTenantAccesses.buffer(packet), LARGE_SHIFT, block);
        }
        for (int step = 0; step < Math.min(accesses, HyperTenantAccesses.STEPS); step++) {
            DeviceAccess a = HyperTenantAccesses.access(packet, step);
            long page = step == 0 ? ringPages[tenant] : step == 1 ? block : mailboxPages[tenant];
            long within = a.address() - (step == 0 ? RING : step == 1 ? HyperTenantAccesses.buffer(packet) : MAILBOX);
            TraceKind kind = a.write() ? TraceKind.WRITE_DMA : TraceKind.READ_DMA;
            memory.access(kind, tenant, time, a.address(), a.bytes(), page + within);
        }
    }
}
