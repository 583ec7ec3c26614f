// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.util.Comparator;
import java.util.PriorityQueue;

/** The oracle: the JDK's priority queue, ordered by time and the number of the push. */
final class NaiveEventOrder {
    private record Entry(long time, long sequence, int event) {}

    private final PriorityQueue<Entry> queue =
            new PriorityQueue<>(Comparator.comparingLong(Entry::time).thenComparingLong(Entry::sequence));
    private long sequence;

    void push(int event, long time) {
        queue.add(new Entry(time, sequence++, event));
    }

    long firstTime() {
        return queue.element().time;
    }

    int pop() {
        Entry first = queue.poll();
        return first == null ? -1 : first.event;
    }

    void remove(int event) {
        queue.removeIf(entry -> entry.event == event);
    }

    int size() {
        return queue.size();
    }
}
