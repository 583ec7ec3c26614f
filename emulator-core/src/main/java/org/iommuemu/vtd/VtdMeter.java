// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.WorkMeter;
import org.iommuemu.vtd.perfmon.PerformanceMonitor;
import org.iommuemu.vtd.spec.PerfmonEvent;
import org.jspecify.annotations.Nullable;

/**
 * Tells the performance monitor what is done for which request. The one configuration cache stands for context and PASID cache: a
 * lookup is one in the former, and in scalable mode one in the latter too.
 */
final class VtdMeter extends WorkMeter {
    /** The kind of an interrupt; those of DMA are {@link FaultRecorder}'s address types. */
    static final int INTERRUPT = 3;
    /** The kind of a page request. */
    static final int PAGE_REQUEST = 4;

    private static final BitField SOURCE = BitField.of("source", 15, 0);
    /** A PASID plus one, or 0. */
    private static final BitField SUBSTREAM = BitField.of("substream", 36, 16);

    private static final BitField KIND = BitField.of("kind", 42, 40);

    private final PerformanceMonitor monitor;
    private final TranslationUnit unit;
    private final ContextLookup lookup;
    private final InterruptRemapper interrupts;
    private final PageRequests pages;
    private final long[] amounts = new long[PerfmonEvent.values().length];
    private long entryReads;
    private long entryLookups;
    private long remappedHits;
    private long postedHits;
    private long posted;
    private long overflowed;

    VtdMeter(
            PerformanceMonitor monitor,
            TranslationUnit unit,
            EntryReader entries,
            ContextLookup lookup,
            InterruptRemapper interrupts,
            PageRequests pages) {
        super(unit, entries::reads);
        this.monitor = monitor;
        this.unit = unit;
        this.lookup = lookup;
        this.interrupts = interrupts;
        this.pages = pages;
    }

    /** What {@link #begin} is to be told of a request. */
    long work(int source, int substream, int kind) {
        lookup.forgetLast();
        return SOURCE.of(source) | SUBSTREAM.of(substream + 1L) | KIND.of(kind);
    }

    @Override
    protected boolean isCounting() {
        return monitor.isCounting();
    }

    @Override
    public void restart() {
        super.restart();
        takeOthers();
    }

    /** What has been done with interrupts and page requests. */
    private void takeOthers() {
        entryReads = take(PerfmonEvent.MEMORY_READS, interrupts.reads(), entryReads);
        entryLookups = take(
                PerfmonEvent.INTERRUPT_LOOKUPS, interrupts.cache().counters().lookups(), entryLookups);
        remappedHits = take(PerfmonEvent.REMAPPED_HITS, interrupts.remappedHits(), remappedHits);
        postedHits = take(PerfmonEvent.POSTED_HITS, interrupts.postedHits(), postedHits);
        posted = take(PerfmonEvent.PAGE_REQUESTS, pages.queue().produced(), posted);
        overflowed = take(PerfmonEvent.PAGE_REQUEST_OVERFLOWS, pages.overflowed(), overflowed);
    }

    private long take(PerfmonEvent e, long now, long before) {
        amounts[e.ordinal()] = now - before;
        return now;
    }

    @Override
    protected void count(long forWhom, int transactions, int requests, int translated) {
        takeOthers();
        if (forWhom == NOBODY) {
            return;
        }
        int source = SOURCE.getInt(forWhom);
        int kind = KIND.getInt(forWhom);
        VtdContext context = kind == INTERRUPT ? null : context(source, SUBSTREAM.getInt(forWhom) - 1);
        boolean first = context != null && context.is(VtdContext.FIRST_STAGE);
        boolean scalable = lookup.mode() == ContextLookup.SCALABLE;
        long lookups = done(Activity.CONFIGURATION_LOOKUP);
        long hits = lookups - done(Activity.CONFIGURATION_MISS);
        long walks = done(Activity.WALK);
        long walkHits = done(Activity.WALK_CACHE_HIT);
        amounts[PerfmonEvent.MEMORY_READS.ordinal()] += done(Activity.TABLE_READ) + done(Activity.STRUCTURE_READ);
        set(PerfmonEvent.REQUESTS, transactions);
        set(PerfmonEvent.UPDATES, done(Activity.TABLE_UPDATE));
        set(PerfmonEvent.CONTEXT_LOOKUPS, lookups);
        set(PerfmonEvent.CONTEXT_HITS, hits);
        set(PerfmonEvent.PASID_LOOKUPS, scalable ? lookups : 0);
        set(PerfmonEvent.PASID_HITS, scalable ? hits : 0);
        set(PerfmonEvent.FIRST_STAGE_LOOKUPS, first ? walks : 0);
        set(PerfmonEvent.FIRST_STAGE_HITS, first ? walkHits : 0);
        set(PerfmonEvent.SECOND_STAGE_LOOKUPS, done(Activity.SECOND_WALK) + (first ? 0 : walks));
        set(PerfmonEvent.SECOND_STAGE_HITS, done(Activity.SECOND_WALK_CACHE_HIT) + (first ? 0 : walkHits));
        set(PerfmonEvent.IOTLB_LOOKUPS, done(Activity.IOTLB_LOOKUP));
        set(PerfmonEvent.IOTLB_HITS, done(Activity.IOTLB_LOOKUP) - done(Activity.IOTLB_MISS));
        monitor.count(
                source,
                context == null ? PerformanceMonitor.NONE : context.domain(),
                kind <= FaultRecorder.TRANSLATED ? kind : PerformanceMonitor.NONE,
                amounts);
    }

    private void set(PerfmonEvent e, long amount) {
        amounts[e.ordinal()] = amount;
    }

    /** The context that a request was answered by, or null. */
    private @Nullable VtdContext context(int source, int substream) {
        VtdContext cached = (VtdContext) unit.configurations().peek(source, substream);
        return cached != null ? cached : lookup.last();
    }
}
