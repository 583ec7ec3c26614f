// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import java.io.IOException;
import org.iommuemu.time.RandomStream;
import org.iommuemu.trace.TraceWriter;

/**
 * Phases: tenants in turn, each anywhere in one of its eight windows for a while, then in the next of them. What was mapped stays mapped.
 */
final class PhasePattern {
    /** log2 of the number of windows. */
    static final int WINDOWS_SHIFT = 3;

    private static final int WINDOWS = 1 << WINDOWS_SHIFT;

    private final PatternSettings settings;

    PhasePattern(PatternSettings settings) {
        this.settings = settings;
    }

    void write(TraceWriter out) throws IOException {
        int tenants = settings.tenants();
        long window = settings.whole(PatternOption.WINDOW);
        TenantWindows windows = new TenantWindows(settings, out, tenants, 0, window * WINDOWS);
        RandomStream[] own = new RandomStream[tenants];
        for (int tenant = 0; tenant < tenants; tenant++) {
            own[tenant] = windows.memory().random(tenant);
        }
        long interval = settings.time(PatternOption.INTERVAL);
        long phase = settings.whole(PatternOption.PHASE);
        int length = settings.small(PatternOption.LENGTH);
        for (long i = 0; !windows.isDone(); i++) {
            int tenant = (int) (i % tenants);
            long start = i / tenants / phase % WINDOWS * window;
            long offset = start + own[tenant].nextBelow(window / length) * length;
            windows.access(settings.kind(own[tenant]), tenant, i * interval, offset, length);
        }
    }
}
