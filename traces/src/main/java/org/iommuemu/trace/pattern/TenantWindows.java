// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import java.io.IOException;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;

/** Windows of tenants, at the same input addresses from 2 GiB on, of which each page is mapped right before its first use. */
final class TenantWindows {
    static final long START = 0x8000_0000L;

    private final TenantMemory memory;
    private final int pageShift;
    /** By tenant: a bit for each page. */
    private final long[][] mapped;

    /**
     * Windows.
     *
     * @param tenants address spaces
     * @param window bytes of each
     */
    TenantWindows(PatternSettings s, TraceWriter out, int tenants, int pasids, long window) {
        memory = new TenantMemory(s.seed(), out, s.memoryShift(), pasids, s.records());
        pageShift = s.small(PatternOption.PAGE_SHIFT);
        mapped = new long[tenants][(int) ((window >>> pageShift) + Long.SIZE - 1) / Long.SIZE];
    }

    TenantMemory memory() {
        return memory;
    }

    boolean isDone() {
        return memory.isDone();
    }

    /** An access within a page. */
    void access(TraceKind kind, int tenant, long time, long offset, int bytes) throws IOException {
        int page = (int) (offset >>> pageShift);
        long physical = memory.start(tenant);
        if ((mapped[tenant][page / Long.SIZE] >>> page & 1) == 0) {
            mapped[tenant][page / Long.SIZE] |= 1L << page;
            long start = (long) page << pageShift;
            memory.map(tenant, time, START + start, pageShift, physical + start);
        }
        memory.access(kind, tenant, time, START + offset, bytes, physical + offset);
    }
}
