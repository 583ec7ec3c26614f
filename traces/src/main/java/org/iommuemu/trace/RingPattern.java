// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;

/**
 * A ring of 256 receive buffers, each a page of 4 KiB that is mapped when it is posted and unmapped when it has been written, as drivers
 * without a page pool do; 1,514 bytes each, 61.68 ns apart, devices in turn. Input addresses go round 512 pages, one behind the other.
 */
final class RingPattern {
    static final int BUFFERS = 256;
    static final long START = 0xFFE0_0000L;
    private static final int ADDRESSES = 512;
    private static final int FRAME = 1514;

    private final TracePattern.Parameters parameters;

    RingPattern(TracePattern.Parameters parameters) {
        this.parameters = parameters;
    }

    void write(TraceWriter out) throws IOException {
        TenantMemory memory = new TenantMemory(parameters.seed(), out);
        int tenants = parameters.tenants();
        for (long i = 0; i < parameters.records(); i++) {
            int tenant = (int) (i % tenants);
            long packet = i / tenants;
            long time = i * HyperTenantPattern.PACKET_INTERVAL;
            if (packet == 0) {
                for (int ahead = 0; ahead < BUFFERS; ahead++) {
                    map(tenant, time, ahead, memory);
                }
            }
            memory.access(TraceKind.WRITE_DMA, tenant, time, iova(packet), FRAME, physical(tenant, packet, memory));
            memory.unmap(tenant, time, iova(packet), TenantMemory.PAGE_SHIFT);
            map(tenant, time, packet + BUFFERS, memory);
        }
    }

    private static void map(int tenant, long time, long packet, TenantMemory memory) throws IOException {
        memory.map(tenant, time, iova(packet), TenantMemory.PAGE_SHIFT, physical(tenant, packet, memory));
    }

    private static long iova(long packet) {
        return START + packet % ADDRESSES * TenantMemory.PAGE;
    }

    /** Pages are taken all over a tenant's memory: 12,347 is prime. */
    private static long physical(int tenant, long packet, TenantMemory memory) {
        long pages = 1L << TenantMemory.SHIFT - TenantMemory.PAGE_SHIFT;
        return memory.start(tenant) + packet * 12_347 % pages * TenantMemory.PAGE;
    }
}
