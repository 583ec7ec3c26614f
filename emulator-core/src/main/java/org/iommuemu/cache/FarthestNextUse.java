// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

/**
 * State of {@link ReplacementPolicy#ORACLE}: for each entry the lookup of its next use, as a {@link UseLog} of an earlier run
 * has it, and for each set a heap of its entries with the farthest on top; 12 bytes per entry, O(log ways).
 *
 * <p>Counts the lookups that find or fill what the log says, so that a run which is not the recorded one does not go unnoticed.
 */
final class FarthestNextUse {
    private final int ways;
    private final UseLog log;
    private final CacheCounters counters;
    private final long[] data;

    private final int[] next;
    /** Per set a binary heap of entry numbers. */
    private final int[] heap;
    /** Where in the heap an entry is. */
    private final int[] place;

    private long lastMet = -1;
    private long met;
    private long unforeseen;

    /**
     * Of an empty cache.
     *
     * @param counters of the cache; their lookups are the time
     * @param data of the cache, see {@link SetAssociativeCache#offset}
     */
    FarthestNextUse(final CacheGeometry geometry, final UseLog log, final CacheCounters counters, final long[] data) {
        ways = geometry.ways();
        this.log = log;
        this.counters = counters;
        this.data = data;
        next = new int[geometry.entries()];
        heap = new int[geometry.entries()];
        place = new int[geometry.entries()];
        for (int entry = 0; entry < next.length; entry++) {
            next[entry] = UseLog.NEVER;
            heap[entry] = entry;
            place[entry] = entry;
        }
    }

    /** The lookup that is under way, and not counted yet, has found an entry. */
    void found(final int set, final int entry) {
        final long lookup = counters.lookups();
        // A lookup that would have filled nothing: it ends in a fault, hit or miss.
        if (log.key(lookup) >= 0) {
            use(set, entry, lookup);
        }
    }

    /** The lookup that was counted last has filled an entry, in place or not. */
    void filled(final int set, final int entry) {
        use(set, entry, counters.lookups() - 1);
    }

    private void use(final int set, final int entry, final long lookup) {
        final int key = log.key(lookup);
        final int at = SetAssociativeCache.offset(entry);
        if (key < 0 || !log.hasTags(key, data[at], data[at + 1])) {
            unforeseen++;
            return;
        }
        if (lookup != lastMet) {
            lastMet = lookup;
            met++;
        }
        next[entry] = log.next((int) lookup);
        sift(set * ways, entry);
    }

    private void sift(final int base, final int entry) {
        int at = place[entry] - base;
        while (at > 0 && isFarther(entry, heap[base + (at - 1 >> 1)])) {
            put(base, at, heap[base + (at - 1 >> 1)]);
            at = at - 1 >> 1;
        }
        for (int child = fartherChild(base, at); child < ways && isFarther(heap[base + child], entry); ) {
            put(base, at, heap[base + child]);
            at = child;
            child = fartherChild(base, at);
        }
        put(base, at, entry);
    }

    private int fartherChild(final int base, final int at) {
        final int left = 2 * at + 1;
        return left + 1 < ways && isFarther(heap[base + left + 1], heap[base + left]) ? left + 1 : left;
    }

    private boolean isFarther(final int entry, final int than) {
        return next[entry] > next[than] || next[entry] == next[than] && entry < than;
    }

    private void put(final int base, final int at, final int entry) {
        heap[base + at] = entry;
        place[entry] = base + at;
    }

    int victim(final int set) {
        return heap[set * ways];
    }

    /** Whether every use of the log was met, and nothing else. */
    boolean isMet() {
        return unforeseen == 0 && met == log.uses();
    }
}
