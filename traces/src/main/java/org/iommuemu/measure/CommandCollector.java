// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.EnumMap;
import java.util.Map;
import org.iommuemu.iommu.timing.TimedCommands;

/** Collects what commands take, from when software tells of them to their end. */
final class CommandCollector implements TimedCommands.Listener {
    private static final TimedCommands.Kind[] KINDS = TimedCommands.Kind.values();

    private final LatencyCollector[] kinds = new LatencyCollector[KINDS.length];

    CommandCollector() {
        for (int i = 0; i < kinds.length; i++) {
            kinds[i] = LatencyCollector.precise();
        }
    }

    @Override
    public void ended(TimedCommands.Kind kind, long told, long begin, long end) {
        kinds[kind.ordinal()].record(end - told);
    }

    void reset() {
        for (LatencyCollector kind : kinds) {
            kind.reset();
        }
    }

    Map<TimedCommands.Kind, Latency> figures() {
        Map<TimedCommands.Kind, Latency> figures = new EnumMap<>(TimedCommands.Kind.class);
        for (TimedCommands.Kind kind : KINDS) {
            figures.put(kind, kinds[kind.ordinal()].figures());
        }
        return figures;
    }
}
