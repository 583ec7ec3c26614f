// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.EnumMap;
import java.util.Map;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;

/** Collects latencies: of reads and writes by outcome, of which all sums are made in the end, and of each part. */
final class LatenciesCollector {
    private static final Outcome[] OUTCOMES = Outcome.values();
    private static final LatencyPart[] PARTS = LatencyPart.values();

    /** Reads by outcome, then writes. */
    private final LatencyCollector[] kinds = new LatencyCollector[2 * OUTCOMES.length];

    private final LatencyCollector[] parts = new LatencyCollector[PARTS.length];

    LatenciesCollector() {
        for (int i = 0; i < kinds.length; i++) {
            kinds[i] = LatencyCollector.precise();
        }
        for (int i = 0; i < parts.length; i++) {
            parts[i] = LatencyCollector.precise();
        }
    }

    void record(boolean write, int outcome, long time, Journey journey) {
        kinds[write ? OUTCOMES.length + outcome : outcome].record(time);
        for (int i = 0; i < parts.length; i++) {
            long part = journey.of(PARTS[i]);
            if (part > 0) { // the others are counted in the end
                parts[i].record(part);
            }
        }
    }

    void reset() {
        for (LatencyCollector kind : kinds) {
            kind.reset();
        }
        for (LatencyCollector part : parts) {
            part.reset();
        }
    }

    Latencies figures() {
        Latency reads = sum(0);
        Latency writes = sum(OUTCOMES.length);
        Latency all = reads.plus(writes);
        Map<Outcome, Latency> outcomes = new EnumMap<>(Outcome.class);
        for (Outcome o : OUTCOMES) {
            outcomes.put(o, kinds[o.ordinal()].figures().plus(kinds[OUTCOMES.length + o.ordinal()].figures()));
        }
        Map<LatencyPart, Latency> byPart = new EnumMap<>(LatencyPart.class);
        for (LatencyPart p : PARTS) {
            byPart.put(p, parts[p.ordinal()].figures(all.count()));
        }
        return new Latencies(all, reads, writes, outcomes, byPart);
    }

    private Latency sum(int from) {
        Latency sum = kinds[from].figures();
        for (int i = 1; i < OUTCOMES.length; i++) {
            sum = sum.plus(kinds[from + i].figures());
        }
        return sum;
    }
}
