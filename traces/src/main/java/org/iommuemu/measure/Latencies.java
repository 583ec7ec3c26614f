// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;

/**
 * Latencies of all counted transactions, and of some of them. Times in ps.
 *
 * @param all of all of them, from beginning to answer
 * @param reads of reads
 * @param writes of writes
 * @param outcomes by how they found their translation
 * @param parts by what the time was spent on: each part of all transactions, 0 where there was none; their totals add up to that of
 *     {@code all}
 */
public record Latencies(
        Latency all, Latency reads, Latency writes, Map<Outcome, Latency> outcomes, Map<LatencyPart, Latency> parts) {
    /** Takes copies. */
    public Latencies {
        outcomes = Collections.unmodifiableMap(new EnumMap<>(outcomes));
        parts = Collections.unmodifiableMap(new EnumMap<>(parts));
    }

    /** Of transactions that found their translation so. */
    public Latency of(Outcome outcome) {
        return Objects.requireNonNull(outcomes.get(outcome));
    }

    /** Of one part. */
    public Latency of(LatencyPart part) {
        return Objects.requireNonNull(parts.get(part));
    }

    /** Transactions that found their translation so. */
    public long count(Outcome outcome) {
        return of(outcome).count();
    }

    /** The share of all time that was spent on a part, 0 to 1. */
    public double share(LatencyPart part) {
        return all.total() == 0 ? 0 : (double) of(part).total() / all.total();
    }
}
