// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.function.LongSupplier;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.Walker;

/**
 * Tells performance counters what is done for whom, from the pipeline's own counters, so that the hot path counts nothing
 * twice: what those have gained between {@link #begin} and {@link #end} was done for whoever was named in between. Work may
 * begin within other work, as when an interrupt lets software act at once; what is done outside of any is nobody's and not
 * counted.
 */
public abstract class WorkMeter {
    /** Work that belongs to nobody. */
    public static final long NOBODY = -1;

    /** What a pipeline does. */
    public enum Activity {
        /** A lookup in the IOTLB. */
        IOTLB_LOOKUP,
        /** One that found nothing. */
        IOTLB_MISS,
        /** A lookup in the configuration cache. */
        CONFIGURATION_LOOKUP,
        /** One that found nothing. */
        CONFIGURATION_MISS,
        /** A walk of the tables that a transaction meets first. */
        WALK,
        /** One that started from a walk cache. */
        WALK_CACHE_HIT,
        /** A walk of the tables of a second stage behind those. */
        SECOND_WALK,
        /** One that started from a walk cache. */
        SECOND_WALK_CACHE_HIT,
        /** A read of a table entry of either stage. */
        TABLE_READ,
        /** A table entry that hardware marked or tried to mark. */
        TABLE_UPDATE,
        /** A read of a configuration structure. */
        STRUCTURE_READ
    }

    private static final Activity[] ALL = Activity.values();

    private final TranslationUnit unit;
    private final LongSupplier structureReads;
    private final long[] before = new long[ALL.length];
    private final long[] done = new long[ALL.length];
    private long work = NOBODY;

    /**
     * A meter.
     *
     * @param structureReads configuration structures read so far
     */
    protected WorkMeter(TranslationUnit unit, LongSupplier structureReads) {
        this.unit = unit;
        this.structureReads = structureReads;
    }

    /** Forgets what was done while nobody counted: to be called when counting starts. */
    public void restart() {
        for (Activity a : ALL) {
            before[a.ordinal()] = soFar(a);
        }
    }

    /**
     * Work begins.
     *
     * @param forWhom what the counters know it by, or {@link #NOBODY}
     * @return whose work it interrupts; for {@link #end}
     */
    public final long begin(long forWhom) {
        long interrupted = work;
        settle(0, 0, 0);
        work = forWhom;
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
    public final void end(long interrupted, int transactions, int requests, int translated) {
        settle(transactions, requests, translated);
        work = interrupted;
    }

    private void settle(int transactions, int requests, int translated) {
        if (!isCounting()) {
            return;
        }
        for (Activity a : ALL) {
            int i = a.ordinal();
            long now = soFar(a);
            done[i] = now - before[i];
            before[i] = now;
        }
        count(work, transactions, requests, translated);
    }

    /** Whether any counter is on. */
    protected abstract boolean isCounting();

    /**
     * Adds to the counters what was done since this was last called: {@link #done}. Only then may it raise an interrupt, as that
     * may begin other work.
     *
     * @param forWhom whose work it was, or {@link #NOBODY}
     */
    protected abstract void count(long forWhom, int transactions, int requests, int translated);

    /** How often something was done. */
    protected final long done(Activity a) {
        return done[a.ordinal()];
    }

    private long soFar(Activity a) {
        Walker first = unit.walker();
        Walker second = unit.stageTwo().walker();
        return switch (a) {
            case IOTLB_LOOKUP -> unit.iotlb().cache().counters().lookups();
            case IOTLB_MISS -> unit.iotlb().cache().counters().misses();
            case CONFIGURATION_LOOKUP ->
                unit.configurations().cache().counters().lookups();
            case CONFIGURATION_MISS -> unit.configurations().cache().counters().misses();
            case WALK -> first.walks();
            case WALK_CACHE_HIT -> first.caches().hits();
            case SECOND_WALK -> second.walks();
            case SECOND_WALK_CACHE_HIT -> second.caches().hits();
            case TABLE_READ -> reads(first) + reads(second);
            case TABLE_UPDATE ->
                first.tableUpdates()
                        + second.tableUpdates()
                        + unit.result().leafUpdates()
                        + unit.stageTwo().leafUpdates();
            case STRUCTURE_READ -> structureReads.getAsLong();
        };
    }

    private static long reads(Walker walker) {
        long n = 0;
        for (int height = 0; height < TableFormat.HEIGHTS; height++) {
            n += walker.accesses(height);
        }
        return n;
    }
}
