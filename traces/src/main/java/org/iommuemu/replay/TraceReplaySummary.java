// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.Map;
import org.iommuemu.trace.TraceKind;

/**
 * What came of the replay of a DMA trace.
 *
 * @param records by kind, also those that did not occur
 * @param addressSpaces streams and PASIDs that something was mapped for
 * @param machine the machine's figures, as after the replay of a capture; what only captures have is empty
 */
public record TraceReplaySummary(Map<TraceKind, Long> records, int addressSpaces, ReplaySummary machine) {
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

    /** Whether all addresses that the trace has agree. */
    public boolean agrees() {
        return machine.agrees();
    }
}
