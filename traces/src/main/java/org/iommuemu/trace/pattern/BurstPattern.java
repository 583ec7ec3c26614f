// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import java.io.IOException;
import org.iommuemu.time.RandomStream;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;

/**
 * Bursts: any tenant, from anywhere in its window one length after the other, all reads or all writes; between bursts a silence whose
 * length is distributed exponentially.
 */
final class BurstPattern {
    private final PatternSettings settings;

    BurstPattern(PatternSettings settings) {
        this.settings = settings;
    }

    void write(TraceWriter out) throws IOException {
        int tenants = settings.tenants();
        long window = settings.whole(PatternOption.WINDOW);
        TenantWindows windows = new TenantWindows(settings, out, tenants, 0, window);
        RandomStream random = windows.memory().random(tenants);
        int length = settings.small(PatternOption.LENGTH);
        long units = window / length;
        long burst = settings.whole(PatternOption.BURST);
        long interval = settings.time(PatternOption.INTERVAL);
        long idle = settings.time(PatternOption.IDLE);
        long time = 0;
        while (!windows.isDone()) {
            int tenant = (int) random.nextBelow(tenants);
            TraceKind kind = settings.kind(random);
            long first = random.nextBelow(units);
            for (long i = 0; i < burst; i++) {
                windows.access(kind, tenant, time, (first + i) % units * length, length);
                time += interval;
            }
            time += random.nextExponential(idle);
        }
    }
}
