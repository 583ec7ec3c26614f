// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import java.io.IOException;
import org.iommuemu.time.RandomStream;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;

/**
 * Accelerators that many processes share: devices in turn take an operation of one of their PASIDs, any of them, which copies memory from
 * one place of the process to another, both anywhere on pages of 4 KiB, and writes a completion record of 32 bytes. What a device copies
 * is read and written page by page.
 */
final class AcceleratorPattern {
    private static final int COMPLETION = 32;

    private final PatternSettings settings;

    AcceleratorPattern(PatternSettings settings) {
        this.settings = settings;
    }

    void write(TraceWriter out) throws IOException {
        int devices = settings.tenants();
        int pasids = settings.small(PatternOption.PASIDS);
        long window = settings.whole(PatternOption.WINDOW);
        TenantWindows windows = new TenantWindows(settings, out, devices * pasids, pasids, window);
        RandomStream random = windows.memory().random(devices * pasids);
        long length = settings.whole(PatternOption.LENGTH);
        long interval = settings.time(PatternOption.INTERVAL);
        long starts = (window - length >>> TenantMemory.PAGE_SHIFT) + 1;
        int accesses = (int) (2 * (length >>> TenantMemory.PAGE_SHIFT) + 1);
        for (long operation = 0; !windows.isDone(); operation++) {
            int tenant = (int) (operation % devices) * pasids + (int) random.nextBelow(pasids);
            long from = random.nextBelow(starts) << TenantMemory.PAGE_SHIFT;
            long to = random.nextBelow(starts) << TenantMemory.PAGE_SHIFT;
            Clock clock = new Clock(operation * interval, interval, accesses);
            for (long done = 0; done < length; done += TenantMemory.PAGE) {
                windows.access(TraceKind.READ_DMA, tenant, clock.next(), from + done, (int) TenantMemory.PAGE);
                windows.access(TraceKind.WRITE_DMA, tenant, clock.next(), to + done, (int) TenantMemory.PAGE);
            }
            // A process has one page of completion records.
            windows.access(TraceKind.WRITE_DMA, tenant, clock.next(), 0, COMPLETION);
        }
    }
}
