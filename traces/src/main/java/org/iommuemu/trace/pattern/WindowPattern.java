// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import java.io.IOException;
import org.iommuemu.device.traffic.OffsetPattern;
import org.iommuemu.time.RandomStream;
import org.iommuemu.trace.TraceWriter;

/** Accesses to a window, one for each tenant in turn, equally far apart in time. The order of offsets is that of a device. */
final class WindowPattern {
    private final PatternSettings settings;
    private final OffsetPattern units;
    private final long unit;

    private WindowPattern(PatternSettings settings, OffsetPattern units, long unit) {
        this.settings = settings;
        this.units = units;
        this.unit = unit;
    }

    /** One of the patterns whose only difference is the order of offsets. */
    static WindowPattern of(TracePattern pattern, PatternSettings s) {
        long window = s.whole(PatternOption.WINDOW);
        long length = s.whole(PatternOption.LENGTH);
        int pages = (int) (window >>> TenantMemory.PAGE_SHIFT);
        return switch (pattern) {
            case SEQUENTIAL -> new WindowPattern(s, OffsetPattern.sequential(window / length), length);
            case UNIFORM -> new WindowPattern(s, OffsetPattern.uniform(window / length), length);
            case STRIDED -> {
                long stride = s.whole(PatternOption.STRIDE) / length;
                yield new WindowPattern(s, OffsetPattern.strided(window / length, stride), length);
            }
            case ZIPF -> new WindowPattern(s, OffsetPattern.zipf(pages, s.of(PatternOption.SKEW)), TenantMemory.PAGE);
            case POINTER_CHASE ->
                new WindowPattern(s, OffsetPattern.shuffled(pages, new RandomStream(s.seed())), TenantMemory.PAGE);
            default -> throw new IllegalArgumentException(pattern + " is no order of offsets");
        };
    }

    void write(TraceWriter out) throws IOException {
        int tenants = settings.tenants();
        TenantWindows windows = new TenantWindows(settings, out, tenants, 0, settings.whole(PatternOption.WINDOW));
        RandomStream[] own = new RandomStream[tenants];
        for (int tenant = 0; tenant < tenants; tenant++) {
            own[tenant] = windows.memory().random(tenant);
        }
        long interval = settings.time(PatternOption.INTERVAL);
        int length = settings.small(PatternOption.LENGTH);
        for (long i = 0; !windows.isDone(); i++) {
            int tenant = (int) (i % tenants);
            long offset = units.unit(i / tenants, own[tenant]) * unit;
            windows.access(settings.kind(own[tenant]), tenant, i * interval, offset, length);
        }
    }
}
