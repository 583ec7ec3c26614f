// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.CacheCounters;
import org.iommuemu.iommu.StageTwo;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.paging.WalkCaches;
import org.iommuemu.time.Resource;
import org.iommuemu.time.SerialRegions;
import org.iommuemu.time.Slots;
import org.iommuemu.time.Waiter;
import org.jspecify.annotations.Nullable;

/** Walks in time: who has a walker, when each of its reads ends, what follows. */
final class TimedWalks {
    private static final int TABLE_SHIFT = 12;

    private final WalkParameters parameters;
    private final TableMemory tables;
    private final Slots walkers;
    private final Waiter walking;
    private final Waiter prefetching;
    /** Null if reads may have all walkers. */
    private final @Nullable Slots readWalkers;

    private final @Nullable Waiter walkingForReads;
    private final @Nullable Slots pending;
    private final @Nullable Waiter missing;
    private final SerialRegions leafTables;
    private final Waiter sharing;
    private final WalkCaches first;
    private final WalkCaches second;
    private final CacheCounters intermediate;
    private final boolean hitsCost;
    private long firstHits;
    private long secondHits;
    private long intermediateHits;
    private long begin;
    private long configured;

    TimedWalks(WalkParameters parameters, TableMemoryParameters memory, TranslationUnit unit) {
        this.parameters = parameters;
        tables = new TableMemory(memory);
        walkers = new Slots("walkers", parameters.walkers());
        walking = walkers.waiter("misses");
        prefetching = walkers.waiter("prefetches");
        readWalkers = parameters.readWalkers() < parameters.walkers()
                ? new Slots("walkers for reads", parameters.readWalkers())
                : null;
        walkingForReads = readWalkers == null ? null : readWalkers.waiter("misses of reads");
        pending =
                parameters.pending() == Integer.MAX_VALUE ? null : new Slots("misses under way", parameters.pending());
        missing = pending == null ? null : pending.waiter("misses");
        leafTables = new SerialRegions("leaf tables");
        sharing = leafTables.waiter("walks");
        StageTwo stageTwo = unit.stageTwo();
        first = unit.walker().caches();
        second = stageTwo.walker().caches();
        intermediate = stageTwo.cache().cache().counters();
        hitsCost = !parameters.hits().equals(WalkParameters.Hits.FREE);
    }

    /** To be called before the machine walks: what is found in caches from now on is this walk's. */
    void expect() {
        if (hitsCost) {
            firstHits = first.hits();
            secondHits = second.hits();
            intermediateHits = intermediate.hits();
        }
    }

    /** Times the walk that the machine has made for a miss. */
    long walk(Footprint footprint, long missedAt, boolean write, int bytes) {
        long noted = pending == null || missing == null ? missedAt : pending.acquire(missing, missedAt);
        Slots limit = write ? null : readWalkers;
        long admitted = limit == null || walkingForReads == null ? noted : limit.acquire(walkingForReads, noted);
        long start = walkers.acquire(walking, admitted);
        long recovery = parameters.recovery().of(write, bytes);
        long end = read(footprint, start, recovery);
        if (limit != null) {
            limit.release(admitted, end + recovery);
        }
        long answer = end + parameters.after();
        if (pending != null) {
            pending.release(noted, answer);
        }
        return answer;
    }

    /** Times the walk that the machine has made before anybody asked. */
    long prefetch(Footprint footprint, long at) {
        return read(
                        footprint,
                        walkers.acquire(prefetching, at),
                        parameters.recovery().always())
                + parameters.after();
    }

    /** Walks for an entry that is being walked for somebody else, which takes as long as that did. */
    long again(long at, long duration, boolean write, int bytes) {
        long noted = pending == null || missing == null ? at : pending.acquire(missing, at);
        Slots limit = write ? null : readWalkers;
        long admitted = limit == null || walkingForReads == null ? noted : limit.acquire(walkingForReads, noted);
        long start = walkers.acquire(walking, admitted);
        long answer = start + duration;
        long free = answer - parameters.after() + parameters.recovery().of(write, bytes);
        walkers.release(start, free);
        if (limit != null) {
            limit.release(admitted, free);
        }
        if (pending != null) {
            pending.release(noted, answer);
        }
        return answer;
    }

    private long read(Footprint footprint, long start, long recovery) {
        long table = footprint.lastDescriptor() >>> TABLE_SHIFT;
        boolean serial = parameters.serialLeafTables() && footprint.lastDescriptor() >= 0;
        begin = serial ? leafTables.acquire(sharing, table, start) : start;
        long end = begin + parameters.before() + (hitsCost ? hits() : 0);
        configured = end;
        int configuration = footprint.configuration();
        int reads = footprint.reads();
        for (int i = 0; i < reads; i++) {
            end = tables.read(footprint.address(i), end);
            if (i == configuration - 1) {
                configured = end;
            }
        }
        if (serial) {
            leafTables.release(table, begin, end + recovery);
        }
        walkers.release(start, end + recovery);
        return end;
    }

    private long hits() {
        WalkParameters.Hits cost = parameters.hits();
        return (first.hits() - firstHits) * cost.first()
                + (second.hits() - secondHits) * cost.second()
                + (intermediate.hits() - intermediateHits) * cost.intermediate();
    }

    /** When the last walk had its walker and its turn. */
    long begin() {
        return begin;
    }

    /** When the last walk had its configuration. */
    long configured() {
        return configured;
    }

    TableMemory tables() {
        return tables;
    }

    List<Resource> resources() {
        List<Resource> all = new ArrayList<>();
        if (pending != null) {
            all.add(pending);
        }
        if (readWalkers != null) {
            all.add(readWalkers);
        }
        all.addAll(List.of(walkers, leafTables));
        all.addAll(tables.resources());
        return all;
    }
}
