// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.StageTwo;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.Walker;
import org.iommuemu.smmuv3.pmcg.CounterGroup;
import org.iommuemu.smmuv3.spec.PmcgEvent;

/**
 * Tells a counter group what is done for which stream, from the pipeline's own counters: what they have gained between {@link
 * #begin} and {@link #end} was done for the stream in between. Work may begin within other work, as when an interrupt lets
 * software act at once; what is done outside of any is nobody's and not counted.
 */
final class ActivityMeter {
    /** Work that belongs to no stream. */
    static final long NOBODY = -1;

    private final TranslationUnit unit;
    private final StructureReader structures;
    private final CounterGroup group;
    private final long[] amounts = new long[PmcgEvent.COUNT];
    private long stream = NOBODY;
    private long tlbMisses;
    private long configurationMisses;
    private long walkAccesses;
    private long structureReads;

    ActivityMeter(TranslationUnit unit, StructureReader structures, CounterGroup group) {
        this.unit = unit;
        this.structures = structures;
        this.group = group;
    }

    /** Forgets what was done while nobody counted: to be called when counting starts. */
    void restart() {
        tlbMisses = tlbMissesSoFar();
        configurationMisses = configurationMissesSoFar();
        walkAccesses = walkAccessesSoFar();
        structureReads = structures.reads();
    }

    /**
     * Work begins.
     *
     * @param forStream StreamID, zero-extended, or {@link #NOBODY}
     * @return whose work it interrupts; for {@link #end}
     */
    long begin(long forStream) {
        long interrupted = stream;
        settle(0, 0, 0);
        stream = forStream;
        return interrupted;
    }

    /**
     * The work that began last ends.
     *
     * @param interrupted what {@link #begin} returned
     * @param transactions how many transactions or Translation Requests it was
     * @param requests how many of them were Translation Requests
     * @param translated how many of them had translated addresses
     */
    void end(long interrupted, int transactions, int requests, int translated) {
        settle(transactions, requests, translated);
        stream = interrupted;
    }

    private void settle(int transactions, int requests, int translated) {
        if (!group.isCounting()) {
            return;
        }
        amounts[PmcgEvent.TRANSACTION.number()] = transactions;
        amounts[PmcgEvent.TLB_MISS.number()] = tlbMissesSoFar() - tlbMisses;
        amounts[PmcgEvent.CONFIGURATION_CACHE_MISS.number()] = configurationMissesSoFar() - configurationMisses;
        amounts[PmcgEvent.WALK_ACCESS.number()] = walkAccessesSoFar() - walkAccesses;
        amounts[PmcgEvent.STRUCTURE_ACCESS.number()] = structures.reads() - structureReads;
        amounts[PmcgEvent.ATS_REQUEST.number()] = requests;
        amounts[PmcgEvent.ATS_TRANSLATED.number()] = translated;
        // First, because counting may raise an interrupt, and that may begin other work.
        restart();
        if (stream != NOBODY) {
            group.count((int) stream, amounts);
        }
    }

    private long tlbMissesSoFar() {
        return unit.iotlb().cache().counters().misses();
    }

    private long configurationMissesSoFar() {
        return unit.configurations().cache().counters().misses();
    }

    /** Reads of descriptors, and the writes by which hardware marks them. */
    private long walkAccessesSoFar() {
        StageTwo second = unit.stageTwo();
        return accesses(unit.walker())
                + accesses(second.walker())
                + unit.result().leafUpdates()
                + second.leafUpdates();
    }

    private static long accesses(Walker walker) {
        long n = walker.tableUpdates();
        for (int height = 0; height < TableFormat.HEIGHTS; height++) {
            n += walker.accesses(height);
        }
        return n;
    }
}
