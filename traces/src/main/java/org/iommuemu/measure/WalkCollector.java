// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.Arrays;
import org.iommuemu.iommu.timing.Journey;

/** Collects what was read for misses. */
final class WalkCollector {
    /** Misses with more reads are counted together. */
    static final int MOST_READS = 32;

    private final long[] byReads = new long[MOST_READS + 1];
    private long structures;
    private long descriptors;
    private long secondStage;

    /** Counts a miss; returns what was read for it. */
    int record(Journey journey) {
        int reads = journey.structureReads() + journey.descriptorReads();
        structures += journey.structureReads();
        descriptors += journey.descriptorReads();
        secondStage += journey.secondStageReads();
        byReads[Math.min(reads, MOST_READS)]++;
        return reads;
    }

    void reset() {
        Arrays.fill(byReads, 0);
        structures = 0;
        descriptors = 0;
        secondStage = 0;
    }

    /** The figures, {@code all} being everything that was read. */
    WalkFigures figures(long all) {
        return new WalkFigures(
                structures,
                descriptors - secondStage,
                secondStage,
                all - structures - descriptors,
                Arrays.stream(byReads).boxed().toList());
    }
}
