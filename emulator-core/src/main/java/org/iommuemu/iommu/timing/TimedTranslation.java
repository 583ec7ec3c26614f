// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import java.util.List;
import java.util.function.BiConsumer;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.time.InOrderWindow;
import org.iommuemu.time.Pipeline;
import org.iommuemu.time.Resource;
import org.iommuemu.time.SerialRegions;
import org.iommuemu.time.Slots;
import org.iommuemu.time.Waiter;

/**
 * Translates as the machine does, and says when the answer is there. Transactions are to come in the order in which they reach the
 * IOMMU.
 *
 * <p>An entry of the IOTLB or the configuration cache is good from the moment on at which its fill ends: who finds it before that has
 * missed as well, and waits for the same fill (a merged miss). Upper levels that a walk under way has put into a walk cache count as
 * there at once.
 */
public final class TimedTranslation {
    private final Iommu iommu;
    private final TranslationUnit unit;
    private final TimingParameters parameters;
    private final Footprint footprint = new Footprint();
    private final TableMemory tables;
    private final InOrderWindow reads;
    private final Waiter reading;
    private final InOrderWindow writes;
    private final Waiter writing;
    private final Pipeline lookups;
    private final Waiter looking;
    private final Slots walkers;
    private final Waiter walking;
    private final Slots readWalkers;
    private final Waiter walkingForReads;
    private final SerialRegions leafTables;
    private final Waiter sharing;
    private final long[] translationReady;
    private final long[] contextReady;
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
        tables = new TableMemory(parameters.tables());
        reads = new InOrderWindow("read window", parameters.reads());
        reading = reads.waiter("reads");
        writes = new InOrderWindow("write window", parameters.writes());
        writing = writes.waiter("writes");
        TimingParameters.Lookup lookup = parameters.lookup();
        lookups = new Pipeline("IOTLB lookup", lookup.ports(), lookup.interval(), lookup.latency());
        looking = lookups.waiter("transactions");
        walkers = new Slots("walkers", parameters.walk().walkers());
        walking = walkers.waiter("misses");
        readWalkers = new Slots(
                "walkers for reads",
                Math.min(parameters.walk().walkers(), parameters.walk().readWalkers()));
        walkingForReads = readWalkers.waiter("misses of reads");
        leafTables = new SerialRegions("leaf tables");
        sharing = leafTables.waiter("walks");
        translationReady = new long[unit.iotlb().cache().capacity()];
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
        InOrderWindow window = Access.isWrite(t.access()) ? writes : reads;
        long looked = enter(window, at, journey);
        iommu.translate(t, v);
        return leave(window, looked, bytes, journey);
    }

    /** The same for one whose address a Translation Request has given (AT=10), see {@link Iommu#forwardTranslated}. */
    public long forwardTranslated(Transaction t, int bytes, long at, Verdict v, Journey journey) {
        InOrderWindow window = Access.isWrite(t.access()) ? writes : reads;
        long looked = enter(window, at, journey);
        iommu.forwardTranslated(t, v);
        return leave(window, looked, bytes, journey);
    }

    /** The same for a Translation Request (AT=01), which goes among the reads; see {@link Iommu#requestTranslation}. */
    public long requestTranslation(
            Transaction t, int bytes, long at, TranslationCompletion completion, Journey journey) {
        long looked = enter(reads, at, journey);
        iommu.requestTranslation(t, completion);
        return leave(reads, looked, bytes, journey);
    }

    private long enter(InOrderWindow window, long at, Journey journey) {
        long in = window.enter(window == writes ? writing : reading, at);
        long looked = lookups.pass(looking, in);
        journey.add(LatencyPart.QUEUE, looked - lookups.latency() - at);
        journey.add(LatencyPart.LOOKUP, lookups.latency());
        footprint.clear();
        unit.iotlb().forgetLastEntry();
        unit.configurations().forgetLastEntry();
        return looked;
    }

    private long leave(InOrderWindow window, long looked, int bytes, Journey journey) {
        long answer =
                footprint.reads() == 0 ? found(looked, journey) : walked(looked, window == writes, bytes, journey);
        long end = window.leave(answer);
        journey.add(LatencyPart.ORDER, end - answer);
        return end;
    }

    /** Everything was cached, or is on its way. */
    private long found(long looked, Journey journey) {
        int entry = unit.iotlb().lastEntry();
        int context = unit.configurations().lastEntry();
        long ready = Math.max(
                looked, Math.max(entry < 0 ? 0 : translationReady[entry], context < 0 ? 0 : contextReady[context]));
        hits++;
        merged += ready > looked ? 1 : 0;
        journey.add(LatencyPart.WALK, ready - looked);
        return ready;
    }

    private long walked(long missedAt, boolean write, int bytes, Journey journey) {
        TimingParameters.Walk walk = parameters.walk();
        missed++;
        long table = footprint.lastDescriptor() >>> 12;
        boolean serial = walk.serialLeafTables() && footprint.lastDescriptor() >= 0;
        long admitted = write ? missedAt : readWalkers.acquire(walkingForReads, missedAt);
        long start = walkers.acquire(walking, admitted);
        long begin = serial ? leafTables.acquire(sharing, table, start) : start;
        long configured = begin + walk.before();
        long end = configured;
        for (int i = 0; i < footprint.reads(); i++) {
            end = tables.read(end);
            if (i == footprint.structures() - 1) {
                configured = end;
                int context = unit.configurations().lastEntry();
                if (context >= 0) {
                    contextReady[context] = end;
                }
            }
        }
        long free = end + walk.recovery().of(write, bytes);
        if (serial) {
            leafTables.release(table, begin, free);
        }
        walkers.release(start, free);
        if (!write) {
            readWalkers.release(admitted, free);
        }
        long answer = end + walk.after();
        journey.add(LatencyPart.QUEUE, begin - missedAt);
        journey.add(LatencyPart.CONFIGURATION, configured - begin - walk.before());
        journey.add(LatencyPart.WALK, walk.before() + answer - configured);
        int entry = unit.iotlb().lastEntry();
        if (entry >= 0) {
            translationReady[entry] = answer;
        }
        return answer;
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
        return tables.reads();
    }

    /** Of those, the slow ones. */
    public long slowTableReads() {
        return tables.slowReads();
    }

    /** What transactions wait for, in the order in which they meet it. */
    public List<Resource> resources() {
        return List.of(reads, writes, lookups, readWalkers, walkers, leafTables);
    }
}
