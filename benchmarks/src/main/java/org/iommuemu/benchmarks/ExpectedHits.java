// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How often an order of pages that is gone through again and again hits a set-associative LRU cache, reckoned by lists in order of
 * use. What such a cache holds at the end of a round does not depend on what it held before, so that every round but the first
 * is like the second.
 */
final class ExpectedHits {
    /** Hits among the first transactions of a round, for each whole {@link Traffic#BATCH} of them. */
    private final long[] before;

    private final int length;

    /**
     * Reckons.
     *
     * @param order the pages of a round
     * @param sets a power of two; a page's set is named by its low bits, whatever an address space does to their order
     * @param ways of each set
     */
    ExpectedHits(int[] order, int sets, int ways) {
        length = order.length;
        before = new long[length / Traffic.BATCH + 1];
        Deque<Integer>[] lists = lists(sets);
        for (int page : order) {
            use(lists[page & sets - 1], page, ways);
        }
        long hits = 0;
        for (int i = 0; i < length; i++) {
            before[i / Traffic.BATCH] = i % Traffic.BATCH == 0 ? hits : before[i / Traffic.BATCH];
            hits += use(lists[order[i] & sets - 1], order[i], ways) ? 1 : 0;
        }
        before[length / Traffic.BATCH] = hits;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Deque<Integer>[] lists(int count) {
        Deque[] lists = new Deque[count];
        for (int i = 0; i < count; i++) {
            lists[i] = new ArrayDeque<>();
        }
        return lists;
    }

    private static boolean use(Deque<Integer> set, Integer page, int ways) {
        boolean hit = set.remove(page);
        set.addFirst(page);
        if (set.size() > ways) {
            set.removeLast();
        }
        return hit;
    }

    /** Hits among transactions that start with a round's first, a multiple of {@link Traffic#BATCH} of them. */
    long among(long sent) {
        return sent / length * before[before.length - 1] + before[(int) (sent % length) / Traffic.BATCH];
    }
}
