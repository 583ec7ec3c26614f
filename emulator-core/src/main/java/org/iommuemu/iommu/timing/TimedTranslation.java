// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.time.Resource;

/**
 * Translates as the machine does, and says when the answer is there. Transactions are to come in the order in which they reach the
 * IOMMU.
 *
 * <p>An entry of the IOTLB or the configuration cache is good from the moment on at which its fill ends: who finds it before that has
 * missed as well, and waits for the same fill (a merged miss). Upper levels that a walk under way has put into a walk cache count as
 * there at once.
 *
 * <p>What software or a device sends while a transaction is being answered, because an interrupt or a message reached it then, is
 * answered too, but takes no time: what came first is not over.
 */
public final class TimedTranslation {
    private final Iommu iommu;
    private final TranslationUnit unit;
    private final TimingParameters parameters;
    private final Footprint footprint = new Footprint();
    private final TimedLookups lookups;
    private final TimedWalks walks;
    private final OrderingWindows reads;
    private final OrderingWindows writes;
    private final PrefetchedEntries prefetched;
    private final TimedCommands commands;
    /** By entry of the IOTLB: when its translation is there, and for how long it was walked. */
    private final long[] translationReady;

    private final long[] walkTime;
    /** By entry of the configuration cache: when it is there. */
    private final long[] contextReady;

    private boolean busy;
    private long hits;
    private long merged;
    private long missed;

    /**
     * A machine with time.
     *
     * @param iommu the machine
     * @param unit its pipeline
     * @param observe how to see what it reads from memory; nobody else may look at the same time
     * @param parameters what it costs
     */
    public TimedTranslation(
            Iommu iommu,
            TranslationUnit unit,
            BiConsumer<StructureObserver, WalkObserver> observe,
            TimingParameters parameters) {
        this.iommu = iommu;
        this.unit = unit;
        this.parameters = parameters;
        TimingParameters.Ordering ordering = parameters.ordering();
        reads = new OrderingWindows("read window", "reads", ordering.reads(), ordering.scope());
        writes = new OrderingWindows("write window", "writes", ordering.writes(), ordering.scope());
        lookups = new TimedLookups(parameters.lookups(), unit.iotlb());
        walks = new TimedWalks(parameters.walk(), parameters.tables(), unit);
        int entries = unit.iotlb().cache().capacity();
        prefetched = new PrefetchedEntries(parameters.prefetch(), entries);
        commands = new TimedCommands(parameters.commands(), lookups);
        translationReady = new long[entries];
        walkTime = new long[entries];
        contextReady = new long[unit.configurations().cache().capacity()];
        observe.accept(footprint, footprint);
    }

    /**
     * Translates.
     *
     * @param t a transaction that does not cross a 4 KiB page
     * @param bytes its length
     * @param at when it reaches the IOMMU, in ps
     * @param v takes the verdict
     * @param journey to which is added what the time in the IOMMU was spent on
     * @return when it leaves the IOMMU, or is refused, in ps
     */
    public long translate(Transaction t, int bytes, long at, Verdict v, Journey journey) {
        if (busy) {
            iommu.translate(t, v);
            return at;
        }
        OrderingWindows windows = windows(t);
        long in = windows.enter(t.streamId(), at);
        expect();
        iommu.translate(t, v);
        return leave(windows, t, bytes, at, in, false, journey);
    }

    /**
     * The same for one whose address a Translation Request has given (AT=10), see {@link Iommu#forwardTranslated}. A machine may look
     * at the stream's configuration in memory each time; that costs nothing while the configuration cache has it.
     *
     * @param substream the PASID of the Translation Request, or {@link Transaction#NO_SUBSTREAM}
     */
    public long forwardTranslated(Transaction t, int substream, int bytes, long at, Verdict v, Journey journey) {
        if (busy) {
            iommu.forwardTranslated(t, v);
            return at;
        }
        OrderingWindows windows = windows(t);
        long in = windows.enter(t.streamId(), at);
        expect();
        if (unit.configurations().peek(t.streamId(), substream) != null) {
            footprint.configurationIsCached();
        }
        iommu.forwardTranslated(t, v);
        return leave(windows, t, bytes, at, in, true, journey);
    }

    /** The same for a Translation Request (AT=01), which goes among the reads; see {@link Iommu#requestTranslation}. */
    public long requestTranslation(
            Transaction t, int bytes, long at, TranslationCompletion completion, Journey journey) {
        if (busy) {
            iommu.requestTranslation(t, completion);
            return at;
        }
        long in = reads.enter(t.streamId(), at);
        expect();
        iommu.requestTranslation(t, completion);
        return leave(reads, t, bytes, at, in, false, journey);
    }

    /** Posted writes have a window of their own; an AtomicOp is answered, as a read is. */
    private OrderingWindows windows(Transaction t) {
        return Access.isWrite(t.access()) && (t.access() & Access.ATOMIC) == 0 ? writes : reads;
    }

    private void expect() {
        busy = true;
        footprint.clear();
        unit.iotlb().forgetLastEntry();
        unit.configurations().forgetLastEntry();
        walks.expect();
    }

    private long leave(
            OrderingWindows windows, Transaction t, int bytes, long at, long in, boolean translated, Journey journey) {
        journey.add(LatencyPart.QUEUE, in - at);
        boolean miss = footprint.reads() > 0;
        int entry = unit.iotlb().lastEntry();
        int found = unit.iotlb().hasFilled() ? SetAssociativeCache.MISS : entry;
        // A translated request that no TLB was asked for has been through no lookup.
        boolean passes = translated && !miss && entry < 0;
        long looked = passes ? in : lookups.look(t.streamId(), in, found, journey);
        long answer = miss
                ? walked(t, looked, windows == writes, bytes, journey)
                : found(looked, entry, windows == writes, bytes, journey);
        if (parameters.prefetch().depth() > 0 && !translated) {
            boolean used = entry >= 0 && !miss && prefetched.use(entry, answer > looked);
            if (miss || used && parameters.prefetch().onHit()) {
                prefetch(t, answer);
            }
        }
        long end = windows.leave(in, answer);
        journey.add(LatencyPart.ORDER, end - answer);
        commands.inFlightUntil(end);
        busy = false;
        return end;
    }

    /** Everything was cached, or is on its way. */
    private long found(long looked, int entry, boolean write, int bytes, Journey journey) {
        long configured = configured(looked, journey);
        hits++;
        if (entry < 0 || translationReady[entry] <= configured) {
            return merge(looked, configured, journey);
        }
        long ready = translationReady[entry];
        if (!parameters.walk().merging()) {
            ready = walks.again(configured, walkTime[entry], write, bytes);
            journey.add(LatencyPart.QUEUE, ready - walkTime[entry] - configured);
            journey.add(LatencyPart.WALK, walkTime[entry]);
        } else {
            journey.add(LatencyPart.WALK, ready - configured);
        }
        return merge(looked, ready, journey);
    }

    private long merge(long looked, long ready, Journey journey) {
        if (ready > looked) {
            merged++;
            journey.merged();
        }
        return ready;
    }

    /** Waits for configuration that is cached, but on its way. */
    private long configured(long looked, Journey journey) {
        int context = unit.configurations().lastEntry();
        if (context < 0 || contextReady[context] <= looked) {
            return looked;
        }
        journey.add(LatencyPart.CONFIGURATION, contextReady[context] - looked);
        return contextReady[context];
    }

    private long walked(Transaction t, long looked, boolean write, int bytes, Journey journey) {
        missed++;
        int context = unit.configurations().lastEntry();
        boolean fetched = footprint.configuration() > 0;
        long from = fetched ? looked : configured(looked, journey);
        long answer = walks.walk(footprint, from, write, bytes);
        long before = parameters.walk().before();
        journey.missed(footprint);
        journey.add(LatencyPart.QUEUE, walks.begin() - from);
        long configuration = fetched ? walks.configured() - walks.begin() - before : 0;
        journey.add(LatencyPart.CONFIGURATION, configuration);
        journey.add(LatencyPart.WALK, answer - walks.begin() - configuration);
        if (fetched && context >= 0) {
            contextReady[context] = walks.configured();
        }
        int entry = unit.iotlb().lastEntry();
        if (unit.iotlb().hasFilled()) {
            filled(t.streamId(), entry, answer);
        } else if (entry >= 0 && footprint.reads() == footprint.configuration() && translationReady[entry] > answer) {
            // Only configuration was missing; the translation was there, but is still on its way.
            journey.add(LatencyPart.WALK, translationReady[entry] - answer);
            answer = translationReady[entry];
        }
        lookups.missEnds(answer);
        return answer;
    }

    private void filled(int stream, int entry, long answer) {
        translationReady[entry] = answer;
        walkTime[entry] = answer - walks.begin();
        prefetched.filledOnDemand(entry);
        lookups.filled(stream, entry);
    }

    /** Walks for the pages behind one, once that has its answer. */
    private void prefetch(Transaction t, long answer) {
        int page = unit.iotlb().lastEntry();
        if (page < 0) {
            return;
        }
        long size = 1L << unit.iotlb().shift(page);
        for (int i = 1; i <= parameters.prefetch().depth(); i++) {
            expect();
            if (unit.prefetch(t, t.address() + i * size)) {
                int ahead = unit.iotlb().lastEntry();
                long there = walks.prefetch(footprint, answer);
                translationReady[ahead] = there;
                walkTime[ahead] = there - walks.begin();
                prefetched.filledAhead(ahead);
                lookups.filled(t.streamId(), ahead);
            }
        }
    }

    /** Times commands. */
    public TimedCommands commands() {
        return commands;
    }

    /** The levels of TLBs. */
    public TimedLookups lookups() {
        return lookups;
    }

    /** The host's cache for lines of tables. */
    public SetAssociativeCache tableLines() {
        return walks.tables().lines();
    }

    /** What was fetched ahead. */
    public PrefetchedEntries prefetched() {
        return prefetched;
    }

    /** Transactions for which nothing was read: hits, merged misses, bypass. */
    public long hits() {
        return hits;
    }

    /** Of {@link #hits()}, those that found an entry whose fill was still under way. */
    public long mergedMisses() {
        return merged;
    }

    /** Transactions for which tables or configuration were read. */
    public long misses() {
        return missed;
    }

    /** Structures and descriptors read. */
    public long tableReads() {
        return walks.tables().reads();
    }

    /** Of those, the slow ones. */
    public long slowTableReads() {
        return walks.tables().slowReads();
    }

    /** What transactions wait for, in the order in which they meet it. */
    public List<Resource> resources() {
        List<Resource> all = new ArrayList<>(reads.resources());
        all.addAll(writes.resources());
        all.addAll(lookups.resources());
        all.addAll(walks.resources());
        return all;
    }
}
