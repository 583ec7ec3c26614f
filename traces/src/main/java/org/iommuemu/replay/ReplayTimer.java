// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.function.BiConsumer;
import org.HdrHistogram.Histogram;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Settings;

/** Gives the transactions of a replay their times: when the trace has them, or as soon as one of so many is over. */
final class ReplayTimer {
    private static final int DIGITS = 3;
    /** Of an access whose length nobody recorded. */
    private static final int USUAL_BYTES = 64;

    private final Settings settings;
    private final TimedTranslation timed;
    private final long[] ends;
    private final Histogram latencies = new Histogram(DIGITS);
    private final Journey journey = new Journey();
    private long presented;
    private long first;
    private long last;

    /**
     * A timer.
     *
     * @param observe how to see what the machine reads from memory
     * @param outstanding of a closed loop, or 0 for the times of the trace
     */
    ReplayTimer(
            Iommu iommu,
            TranslationUnit unit,
            BiConsumer<StructureObserver, WalkObserver> observe,
            Settings settings,
            int outstanding) {
        this.settings = settings;
        ends = new long[outstanding];
        timed = new TimedTranslation(iommu, unit, observe, MachineParameters.timing(settings));
    }

    /**
     * Presents one access.
     *
     * @param bytes its length, or 0 if that is not known
     * @param timestamp in ps, never before that of the access before; only differences count, so it may wrap
     */
    void present(Transaction t, long bytes, long timestamp, Verdict v) {
        long at;
        if (ends.length == 0) {
            first = presented == 0 ? timestamp : first;
            at = timestamp - first;
        } else {
            at = ends[(int) (presented % ends.length)];
        }
        int size = bytes == 0 ? USUAL_BYTES : (int) Math.min(bytes, Integer.MAX_VALUE);
        long end = timed.translate(t, size, at, v, journey);
        if (ends.length > 0) {
            ends[(int) (presented % ends.length)] = end;
        }
        presented++;
        last = Math.max(last, end);
        latencies.recordValue(end - at);
    }

    TimingReport report() {
        long span = Math.max(1, last);
        return new TimingReport(
                settings,
                ends.length,
                span,
                latencies,
                timed.hits(),
                timed.mergedMisses(),
                timed.misses(),
                timed.tableReads(),
                timed.resources().stream().map(r -> r.statistics(span)).toList());
    }
}
