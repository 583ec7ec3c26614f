// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.Map;
import org.iommuemu.preset.TraceSettings;
import org.iommuemu.trace.TraceKind;

/**
 * What came of the replay of a DMA trace.
 *
 * @param records by kind, also those that did not occur
 * @param addressSpaces streams and PASIDs that something was mapped for
 * @param settings what the machine and its software are
 * @param pagesTouched pages that appeared at first touch
 * @param staleAccesses accesses that got through by what had been unmapped; 0 where that is invalidated at once
 * @param moved how often pages got another address than the trace's, which waited to be invalidated
 * @param stage2Reads descriptors read of a second stage behind a first
 * @param machine the machine's figures, as after the replay of a capture; what only captures have is empty
 */
public record TraceReplaySummary(
        Map<TraceKind, Long> records,
        int addressSpaces,
        TraceSettings settings,
        long pagesTouched,
        long staleAccesses,
        long moved,
        long stage2Reads,
        ReplaySummary machine) {
    /** Takes a copy. */
    public TraceReplaySummary {
        records = Map.copyOf(records);
    }

    /** Records of one kind. */
    public long of(TraceKind kind) {
        return records.getOrDefault(kind, 0L);
    }

    /** All records. */
    public long total() {
        return records.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Records of accesses. */
    public long dma() {
        return records.entrySet().stream()
                .filter(e -> e.getKey().isDma())
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    /** Whether pages appear at first touch, and not as the trace maps them. */
    public boolean touches() {
        return settings.mapping() != TraceSettings.Mapping.TRACE;
    }

    /** Whether nothing could get through, as nothing is mapped. */
    public boolean mapsNothing() {
        return !touches() && of(TraceKind.MAP) == 0 && dma() > 0;
    }

    /** Whether all addresses that the trace has agree. */
    public boolean agrees() {
        return machine.agrees();
    }
}
