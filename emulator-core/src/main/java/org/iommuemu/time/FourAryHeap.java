// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.util.Arrays;

/**
 * An implicit 4-ary heap: O(log n) whatever the times are. The keys lie in the heap itself, the four children of a node side by
 * side, so that a level costs one line of the host's cache. 20 bytes an event in the queue and 4 for each event number.
 */
public final class FourAryHeap implements EventOrder {
    private static final int INITIAL = 64;

    /** Node i: time at 2i, sequence at 2i + 1. Children of node i: 4i + 1 to 4i + 4. */
    private long[] keys = new long[2 * INITIAL];

    private int[] events = new int[INITIAL];
    /** The node of every event in the heap. */
    private int[] nodes = new int[INITIAL];

    private int size;
    private long sequence;

    @Override
    public void push(int event, long time) {
        push(event, time, sequence++);
    }

    /** The same with a sequence number of the caller's, who must not use the other method. */
    void push(int event, long time, long sequenceNumber) {
        if (event >= nodes.length) {
            nodes = Arrays.copyOf(nodes, Math.max(event + 1, 2 * nodes.length));
        }
        if (size == events.length) {
            events = Arrays.copyOf(events, 2 * size);
            keys = Arrays.copyOf(keys, 4 * size);
        }
        siftUp(size++, event, time, sequenceNumber);
    }

    @Override
    public long firstTime() {
        return keys[0];
    }

    /** The sequence number of the first event; undefined when the heap is empty. */
    long firstSequence() {
        return keys[1];
    }

    @Override
    public int pop() {
        if (size == 0) {
            return NONE;
        }
        int first = events[0];
        int last = --size;
        if (last > 0) {
            siftDown(0, events[last], keys[2 * last], keys[2 * last + 1]);
        }
        return first;
    }

    @Override
    public void remove(int event) {
        int node = nodes[event];
        int last = --size;
        if (node == last) {
            return;
        }
        int moved = events[last];
        long time = keys[2 * last];
        long number = keys[2 * last + 1];
        if (node > 0 && precedes(time, number, node - 1 >>> 2)) {
            siftUp(node, moved, time, number);
        } else {
            siftDown(node, moved, time, number);
        }
    }

    @Override
    public int size() {
        return size;
    }

    private void siftUp(int from, int event, long time, long number) {
        int node = from;
        while (node > 0) {
            int parent = node - 1 >>> 2;
            if (!precedes(time, number, parent)) {
                break;
            }
            move(parent, node);
            node = parent;
        }
        put(node, event, time, number);
    }

    private void siftDown(int from, int event, long time, long number) {
        int node = from;
        while (true) {
            int child = 4 * node + 1;
            if (child >= size) {
                break;
            }
            int least = leastOf(child, Math.min(child + 4, size));
            if (precedes(time, number, least)) {
                break;
            }
            move(least, node);
            node = least;
        }
        put(node, event, time, number);
    }

    private int leastOf(int from, int end) {
        int least = from;
        long time = keys[2 * from];
        for (int node = from + 1; node < end; node++) {
            long other = keys[2 * node];
            if (other < time || other == time && keys[2 * node + 1] < keys[2 * least + 1]) {
                least = node;
                time = other;
            }
        }
        return least;
    }

    private boolean precedes(long time, long number, int node) {
        long other = keys[2 * node];
        return time < other || time == other && number < keys[2 * node + 1];
    }

    private void move(int from, int to) {
        put(to, events[from], keys[2 * from], keys[2 * from + 1]);
    }

    private void put(int node, int event, long time, long number) {
        keys[2 * node] = time;
        keys[2 * node + 1] = number;
        events[node] = event;
        nodes[event] = node;
    }
}
