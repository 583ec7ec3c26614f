// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;

/**
 * Ranges of a domain that are unmapped but not invalidated yet, as Linux' {@code iova_fq}: a ring for each CPU, flushed all at once by a
 * timer, or when a ring is full. A range is queued until a flush that began after it was unmapped has ended, and somebody has looked: the
 * timer at every ring, the next call at its own.
 */
final class FlushQueue {
    /** A range with the number of flushes that had begun. */
    private record Entry(long iova, long bytes, long begun) {}

    private final FlushQueueParameters parameters;
    private final Patience patience;
    private final Runnable invalidation;
    private final Map<Integer, Deque<Entry>> rings = new TreeMap<>();
    /** Bytes by first address, of all rings. */
    private final TreeMap<Long, Long> queued = new TreeMap<>();

    private long begun;
    private long ended;
    private boolean timer;
    private boolean closed;

    /**
     * An empty one.
     *
     * @param invalidation of all that the domain has; returns when it is done
     */
    FlushQueue(FlushQueueParameters parameters, Patience patience, Runnable invalidation) {
        this.parameters = parameters;
        this.patience = patience;
        this.invalidation = invalidation;
    }

    /** A range was unmapped on a CPU. */
    void add(int cpu, long iova, long bytes) {
        Deque<Entry> ring = rings.computeIfAbsent(cpu, c -> new ArrayDeque<>());
        release(ring);
        if (ring.size() + 1 == parameters.entries()) {
            flush();
            release(ring);
        }
        ring.add(new Entry(iova, bytes, begun));
        queued.put(iova, bytes);
        if (!timer) {
            timer = true;
            patience.later(parameters.delay(patience.now()), this::expire);
        }
    }

    private void expire() {
        timer = false;
        if (!closed) {
            flush();
            rings.values().forEach(this::release);
        }
    }

    private void flush() {
        begun++;
        invalidation.run();
        ended++;
    }

    private void release(Deque<Entry> ring) {
        for (Entry e = ring.peek(); e != null && e.begun() < ended; e = ring.peek()) {
            ring.remove();
            queued.remove(e.iova(), e.bytes());
        }
    }

    /** Whether any of a range is still queued, so that it must not be mapped anew. */
    boolean isQueued(long iova, long bytes) {
        Map.Entry<Long, Long> below = queued.lowerEntry(iova + bytes);
        return below != null && below.getKey() + below.getValue() > iova;
    }

    /** The domain is no more: nothing is left to be flushed. */
    void close() {
        closed = true;
        rings.clear();
        queued.clear();
    }
}
