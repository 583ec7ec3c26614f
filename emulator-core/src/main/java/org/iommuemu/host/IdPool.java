// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.PriorityQueue;

/** Numbers that address spaces are told apart by: the lowest that is free, as Linux takes it. */
final class IdPool {
    private final String what;
    private final int end;
    private final PriorityQueue<Integer> free = new PriorityQueue<>();
    private int next;

    /**
     * Numbers from {@code first} up to, but not including, {@code end}.
     *
     * @param what they are, for the message that there are no more
     */
    IdPool(String what, int first, int end) {
        this.what = what;
        this.end = end;
        next = first;
    }

    /** Whether there is one more. */
    boolean hasMore() {
        return next != end || !free.isEmpty();
    }

    int take() {
        Integer used = free.poll();
        if (used != null) {
            return used;
        }
        if (next == end) {
            throw new IllegalArgumentException("more address spaces than " + what + ", expected fewer than " + end);
        }
        return next++;
    }

    void giveBack(int id) {
        free.add(id);
    }
}
