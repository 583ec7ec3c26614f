// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.ArrayDeque;

/** Numbers that each belong to one owner at a time: ASIDs, domain ids. One that was given back is the last to be given out again. */
final class IdPool {
    private final String what;
    private final int end;
    private final ArrayDeque<Integer> free = new ArrayDeque<>();
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

    int take() {
        if (next < end) {
            return next++;
        }
        Integer used = free.poll();
        if (used == null) {
            throw new IllegalArgumentException("more address spaces than " + what + ", expected fewer than " + end);
        }
        return used;
    }

    void giveBack(int id) {
        free.add(id);
    }
}
