// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.timeline;

import java.util.Comparator;
import java.util.PriorityQueue;

/** Gives slices of time lanes, so that those that overlap are on different ones: each the lowest that is free. */
final class Lanes {
    private record Busy(int lane, long until) {}

    private final PriorityQueue<Busy> busy = new PriorityQueue<>(Comparator.comparingLong(Busy::until));
    private final PriorityQueue<Integer> free = new PriorityQueue<>();
    private int lanes;

    /**
     * A lane for a slice, which has it alone until its end, and one that ends at once until a moment later.
     *
     * @param start not before that of the slice before
     */
    int take(long start, long end) {
        while (!busy.isEmpty() && busy.peek().until() <= start) {
            free.add(busy.remove().lane());
        }
        int lane = free.isEmpty() ? lanes++ : free.remove();
        busy.add(new Busy(lane, Math.max(end, start + 1)));
        return lane;
    }

    /** Lanes that were ever given. */
    int count() {
        return lanes;
    }
}
