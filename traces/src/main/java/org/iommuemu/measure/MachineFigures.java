// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.timing.TimedTranslation;

/** What the machine counts by itself, at one moment. */
record MachineFigures(
        List<CacheFigures> caches, long structureReads, long stage1Reads, long stage2Reads, long invalidations) {
    static MachineFigures of(TimedTranslation timed, TranslationUnit unit, IntUnaryOperator level) {
        long descriptors = timed.tableReads() - timed.structureReads();
        return new MachineFigures(
                CacheFigures.of(unit, level),
                timed.structureReads(),
                descriptors - timed.stage2Reads(),
                timed.stage2Reads(),
                unit.invalidations());
    }

    /** What was counted since an earlier moment. */
    MachineFigures since(MachineFigures before) {
        List<CacheFigures> since = new ArrayList<>();
        for (int i = 0; i < caches.size(); i++) {
            since.add(caches.get(i).since(before.caches.get(i)));
        }
        return new MachineFigures(
                since,
                structureReads - before.structureReads,
                stage1Reads - before.stage1Reads,
                stage2Reads - before.stage2Reads,
                invalidations - before.invalidations);
    }
}
