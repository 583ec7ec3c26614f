// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.List;

/**
 * What was read from memory in order to translate.
 *
 * @param configurationReads structures: STE and CD; root, context and PASID entries
 * @param stage1Reads descriptors of first-stage tables
 * @param stage2Reads descriptors of second-stage tables
 * @param prefetchReads what was read before anybody asked
 * @param byReads misses by how much was read for them: element {@code n} counts those with {@code n} reads, the last one those with
 *     as many or more
 */
public record WalkFigures(
        long configurationReads, long stage1Reads, long stage2Reads, long prefetchReads, List<Long> byReads) {
    /** Takes a copy. */
    public WalkFigures {
        byReads = List.copyOf(byReads);
    }

    /** All reads. */
    public long reads() {
        return demandReads() + prefetchReads;
    }

    /** Misses. */
    public long walks() {
        return byReads.stream().mapToLong(Long::longValue).sum();
    }

    /** Reads for each miss, 0 without any. */
    public double readsPerWalk() {
        return walks() == 0 ? 0 : (double) demandReads() / walks();
    }

    private long demandReads() {
        return configurationReads + stage1Reads + stage2Reads;
    }
}
