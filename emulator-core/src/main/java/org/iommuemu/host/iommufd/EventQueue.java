// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Events for a guest that wait for user space to take them; those for which there is no room are lost, which user space is told. */
final class EventQueue extends IommufdObject {
    private static final int MOST_SEQUENCE = Integer.MAX_VALUE;

    /**
     * An event, or the notice that some were lost.
     *
     * @param sequence counts all events, those that were lost too
     * @param words the event as the guest is to see it, or none
     */
    record Event(int sequence, long[] words) {
        boolean isLoss() {
            return words.length == 0;
        }
    }

    private static final long[] NO_WORDS = {};

    private final Viommu viommu;
    private final int type;
    private final long depth;
    private final Deque<Event> events = new ArrayDeque<>();
    private long count;
    private int sequence;

    /**
     * An empty queue.
     *
     * @param depth how many events it can hold, the notice not counted
     */
    EventQueue(Viommu viommu, int type, long depth) {
        this.viommu = viommu;
        this.type = type;
        this.depth = depth;
        viommu.add(this);
    }

    int type() {
        return type;
    }

    /**
     * Takes an event.
     *
     * @param hasMemory whether there is memory for it
     */
    void report(long[] words, boolean hasMemory) {
        Event last = events.peekLast();
        if (last != null && last.isLoss()) {
            // A gap in the numbers says the same.
            events.removeLast();
        }
        boolean hasRoom = count < depth && hasMemory;
        events.add(new Event(sequence, hasRoom ? words.clone() : NO_WORDS));
        count += hasRoom ? 1 : 0;
        sequence = sequence == MOST_SEQUENCE ? 0 : sequence + 1;
    }

    /** What is to be read next, or null. */
    @Nullable
    Event next() {
        return events.peek();
    }

    /** What was to be read has been. */
    void delivered() {
        count -= events.remove().isLoss() ? 0 : 1;
    }

    @Override
    void destroyed() {
        viommu.remove(this);
    }
}
