// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;
import org.iommuemu.device.traffic.OffsetPattern;
import org.iommuemu.time.RandomStream;

/**
 * Reads of 64 bytes from a window of 64 MiB, in pages of 4 KiB that are mapped before their first use: one line after the other, or any
 * of them; 10 ns apart, devices in turn.
 */
final class WindowPattern {
    static final long WINDOW_START = 0x8000_0000L;
    static final int WINDOW_SHIFT = 26;
    static final long INTERVAL = 10_000;

    private static final int LINE = 64;
    private static final int LINES = 1 << WINDOW_SHIFT - 6;
    private static final int PAGES = 1 << WINDOW_SHIFT - TenantMemory.PAGE_SHIFT;

    private final TracePattern.Parameters parameters;
    private final OffsetPattern lines;

    WindowPattern(TracePattern.Parameters parameters, boolean anywhere) {
        this.parameters = parameters;
        lines = anywhere ? OffsetPattern.uniform(LINES) : OffsetPattern.sequential(LINES);
    }

    void write(TraceWriter out) throws IOException {
        TenantMemory memory = new TenantMemory(parameters.seed(), out);
        int tenants = parameters.tenants();
        long[][] mapped = new long[tenants][PAGES / Long.SIZE];
        RandomStream[] own = new RandomStream[tenants];
        for (int tenant = 0; tenant < tenants; tenant++) {
            own[tenant] = memory.random(tenant);
        }
        for (long i = 0; i < parameters.records(); i++) {
            int tenant = (int) (i % tenants);
            long line = lines.unit(i / tenants, own[tenant]);
            long offset = line * LINE;
            int page = (int) (offset >>> TenantMemory.PAGE_SHIFT);
            long time = i * INTERVAL;
            if ((mapped[tenant][page / Long.SIZE] >>> page & 1) == 0) {
                mapped[tenant][page / Long.SIZE] |= 1L << page;
                long start = offset & -TenantMemory.PAGE;
                memory.map(tenant, time, WINDOW_START + start, TenantMemory.PAGE_SHIFT, memory.start(tenant) + start);
            }
            memory.access(TraceKind.READ_DMA, tenant, time, WINDOW_START + offset, LINE, memory.start(tenant) + offset);
        }
    }
}
