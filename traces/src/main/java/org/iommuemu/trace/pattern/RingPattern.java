// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import java.io.IOException;
import org.iommuemu.device.traffic.RingAccesses;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;

/** Devices with a ring of buffers each, as {@link RingAccesses} says: packets 61.68 ns apart, devices in turn. */
final class RingPattern {
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
                for (int ahead = 0; ahead < RingAccesses.BUFFERS; ahead++) {
                    map(tenant, time, ahead, memory);
                }
            }
            memory.access(
                    TraceKind.WRITE_DMA,
                    tenant,
                    time,
                    RingAccesses.iova(packet),
                    RingAccesses.FRAME,
                    physical(tenant, packet, memory));
            memory.unmap(tenant, time, RingAccesses.iova(packet), TenantMemory.PAGE_SHIFT);
            map(tenant, time, packet + RingAccesses.BUFFERS, memory);
        }
    }

    private static void map(int tenant, long time, long packet, TenantMemory memory) throws IOException {
        memory.map(tenant, time, RingAccesses.iova(packet), TenantMemory.PAGE_SHIFT, physical(tenant, packet, memory));
    }

    private static long physical(int tenant, long packet, TenantMemory memory) {
        return memory.start(tenant) + RingAccesses.offset(packet);
    }
}
