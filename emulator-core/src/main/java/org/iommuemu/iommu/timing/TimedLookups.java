// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.LongArrayQueue;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.iommu.Iotlb;
import org.iommuemu.time.Pipeline;
import org.iommuemu.time.Resource;
import org.iommuemu.time.Waiter;

/** Lookups in time: configuration, then one level of TLBs after the other, as far as a transaction has to go. */
public final class TimedLookups {
    private final LookupParameters parameters;
    private final Iotlb iotlb;
    private final TlbLevel micro;
    private final TlbLevel first;
    private final boolean levels;
    private final Pipeline pipeline;
    private final Waiter looking;
    private final Waiter invalidating;
    /** By entry of the IOTLB: how often it was filled, and its tag then; where there are levels in front. */
    private final long[] fills;

    private final long[] tags;
    private long blockedUntil;
    /** When invalidations that have not taken their port yet will, in order. */
    private final LongArrayQueue blocks = new LongArrayQueue(Long.MIN_VALUE);

    private long blockTime;

    TimedLookups(LookupParameters parameters, Iotlb iotlb) {
        this.parameters = parameters;
        this.iotlb = iotlb;
        micro = new TlbLevel("micro-TLB", parameters.micro(), iotlb);
        first = new TlbLevel("first-level IOTLB", parameters.first(), iotlb);
        levels = micro.isPresent() || first.isPresent();
        LookupParameters.Lookup lookup = parameters.iotlb();
        pipeline = new Pipeline("IOTLB lookup", lookup.ports(), lookup.interval(), lookup.latency());
        looking = pipeline.waiter("transactions");
        invalidating = pipeline.waiter("invalidations");
        int entries = levels ? iotlb.cache().capacity() : 0;
        fills = new long[entries];
        tags = new long[entries];
    }

    /**
     * Looks up.
     *
     * @param entry that the IOTLB has, or negative
     * @return when it is found, or is known not to be there, in ps
     */
    long look(int streamId, long at, int entry, Journey journey) {
        long from = at;
        if (!parameters.hitUnderMiss() && blockedUntil > at) {
            journey.add(LatencyPart.QUEUE, blockedUntil - at);
            from = blockedUntil;
        }
        journey.add(LatencyPart.LOOKUP, parameters.configuration());
        from += parameters.configuration();
        if (levels) {
            if (micro.isPresent()) {
                int m = micro.instance(streamId);
                from = pass(micro, m, from, journey);
                if (isIn(micro, m, entry)) {
                    return from;
                }
            }
            if (first.isPresent()) {
                int f = first.instance(streamId);
                from = pass(first, f, from, journey);
                if (isIn(first, f, entry)) {
                    return from;
                }
            }
        }
        if (!blocks.isEmpty()) {
            occupy(from);
        }
        long end = pipeline.pass(looking, from);
        journey.add(LatencyPart.QUEUE, end - pipeline.latency() - from);
        journey.add(LatencyPart.LOOKUP, pipeline.latency());
        return end;
    }

    private static long pass(TlbLevel level, int instance, long at, Journey journey) {
        long end = level.pass(instance, at);
        journey.add(LatencyPart.QUEUE, end - level.latency(instance) - at);
        journey.add(LatencyPart.LOOKUP, level.latency(instance));
        return end;
    }

    private boolean isIn(TlbLevel level, int instance, int entry) {
        if (entry < 0) {
            level.miss(instance);
            return false;
        }
        return level.find(instance, entry, fills[entry]);
    }

    /** The IOTLB has an entry anew, and with it the levels on the way to the stream that it is for. */
    void filled(int streamId, int entry) {
        if (!levels) {
            return;
        }
        long before = fills[entry]++;
        if (micro.isPresent()) {
            micro.replaced(micro.instance(streamId), entry, tags[entry], before, fills[entry]);
        }
        if (first.isPresent()) {
            first.replaced(first.instance(streamId), entry, tags[entry], before, fills[entry]);
        }
        tags[entry] = iotlb.cache().tag0(entry);
    }

    /** Says when a miss has its answer. */
    void missEnds(long answer) {
        blockedUntil = Math.max(blockedUntil, answer);
    }

    /** An invalidation takes a port of the IOTLB at a time that may be far ahead: lookups before it do not notice. */
    void block(long at, long duration) {
        blocks.addLong(at);
        blockTime = duration;
    }

    /** The invalidations whose turn has come take their ports. */
    private void occupy(long now) {
        while (!blocks.isEmpty() && blocks.peekLong() <= now) {
            pipeline.occupy(invalidating, blocks.pollLong(), blockTime);
        }
    }

    /** The micro-TLBs; empty if there are none. */
    public List<SetAssociativeCache> microTlbs() {
        return micro.caches();
    }

    /** The TLBs between those and the IOTLB; empty if there are none. */
    public List<SetAssociativeCache> firstLevel() {
        return first.caches();
    }

    List<Resource> resources() {
        List<Resource> all = new ArrayList<>(micro.resources());
        all.addAll(first.resources());
        all.add(pipeline);
        return all;
    }
}
