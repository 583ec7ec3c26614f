// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.iommu.timing.Journey.Outcome;

/**
 * Collects what becomes of each stream, and who holds up whom in the order in which reads and writes leave: 5 KB a stream. The first
 * {@value #MOST} streams are counted one by one, all others together.
 */
final class StreamCollector {
    /** The most streams that are counted one by one. */
    static final int MOST = 1 << 14;

    private final Int2ObjectHashMap<StreamCounts> byStream = new Int2ObjectHashMap<>();
    private final List<StreamCounts> all = new ArrayList<>();
    private final StreamCounts others = new StreamCounts(StreamFigures.OTHERS);
    private int lastStream;
    private StreamCounts last = others;

    /** Of all streams, reads and writes. */
    private final LastAnswered[] lastAnswered = {new LastAnswered(others), new LastAnswered(others)};

    private final boolean orderedByStream;

    /**
     * A collector without any streams.
     *
     * @param orderedByStream whether only transactions of the same stream leave in order
     */
    StreamCollector(boolean orderedByStream) {
        this.orderedByStream = orderedByStream;
        all.add(others);
    }

    /**
     * A transaction is over.
     *
     * @param waited how long it was kept behind predecessors, in ps
     */
    void record(int stream, boolean write, int bytes, boolean ok, int outcome, long time, long waited) {
        StreamCounts counts = stream == lastStream && last != others ? last : find(stream);
        counts.count(write, bytes, ok, outcome, time, waited);
        LastAnswered[] before = orderedByStream ? counts.lastAnswered() : lastAnswered;
        before[write ? 1 : 0].next(counts, outcome, waited);
    }

    private StreamCounts find(int stream) {
        StreamCounts counts = byStream.get(stream);
        if (counts == null) {
            counts = all.size() > MOST ? others : add(stream);
        }
        lastStream = stream;
        last = counts;
        return counts;
    }

    private StreamCounts add(int stream) {
        StreamCounts counts = new StreamCounts(Integer.toUnsignedLong(stream));
        byStream.put(stream, counts);
        all.add(counts);
        return counts;
    }

    /** Counts anew; who was answered last is remembered. */
    void reset() {
        all.forEach(StreamCounts::reset);
    }

    /** The streams that had transactions: most transactions first, then by number. */
    List<StreamFigures> streams() {
        return all.stream()
                .filter(s -> !s.isEmpty())
                .map(StreamCounts::figures)
                .sorted(Comparator.comparingLong(StreamFigures::transactions)
                        .reversed()
                        .thenComparingLong(StreamFigures::stream))
                .toList();
    }

    /** Who held up others: longest first, then by stream and outcome. */
    List<Blocker> blockers() {
        List<Blocker> blockers = new ArrayList<>();
        for (StreamCounts s : all) {
            for (Outcome outcome : Outcome.values()) {
                Blocker b = s.blocker(outcome);
                if (b.delayed() > 0) {
                    blockers.add(b);
                }
            }
        }
        blockers.sort(Comparator.comparingLong(Blocker::time)
                .reversed()
                .thenComparingLong(Blocker::stream)
                .thenComparing(Blocker::outcome));
        return blockers;
    }
}
