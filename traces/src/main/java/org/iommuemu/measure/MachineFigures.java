// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.iommuemu.device.DmaPath;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.timing.PrefetchedEntries;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.jspecify.annotations.Nullable;

/** What the machine counts by itself, at one moment. */
record MachineFigures(List<CacheFigures> caches, long tableReads, long invalidations, PrefetchFigures prefetch) {
    static MachineFigures of(
            TimedTranslation timed, @Nullable DmaPath path, TranslationUnit unit, IntUnaryOperator level) {
        PrefetchedEntries p = timed.prefetched();
        return new MachineFigures(
                CacheFigures.of(timed, path, unit, level),
                timed.tableReads(),
                unit.invalidations(),
                new PrefetchFigures(p.issued(), p.useful(), p.late()));
    }

    /** What was counted since an earlier moment. */
    MachineFigures since(MachineFigures before) {
        List<CacheFigures> since = new ArrayList<>();
        for (int i = 0; i < caches.size(); i++) {
            since.add(caches.get(i).since(before.caches.get(i)));
        }
        return new MachineFigures(
                since,
                tableReads - before.tableReads,
                invalidations - before.invalidations,
                new PrefetchFigures(
                        prefetch.issued() - before.prefetch.issued(),
                        prefetch.useful() - before.prefetch.useful(),
                        prefetch.late() - before.prefetch.late()));
    }
}
