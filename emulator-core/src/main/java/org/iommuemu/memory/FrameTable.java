// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import java.util.Arrays;

/**
 * Finds the slot that holds a page frame: an open-addressing hash table of {@code (frame, slot)} pairs in one array, so
 * that a find touches one line of the host's cache. Never more than half full: 32 bytes of heap for each page at the least,
 * 64 at the most.
 */
final class FrameTable {
    /** Returned for a frame that has no slot. */
    static final int NONE = -1;

    private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
    private static final int INITIAL_BITS = 6;

    /** Pairs: the frame number plus one (0 marks a free pair), and the slot. */
    private long[] pairs = new long[2 << INITIAL_BITS];

    private int shift = 64 - INITIAL_BITS;
    private int size;

    int find(long frame) {
        long[] table = pairs;
        int mask = table.length - 1;
        int i = (int) (frame * GOLDEN_RATIO >>> shift) << 1;
        while (true) {
            long key = table[i & mask];
            if (key == frame + 1) {
                return (int) table[i + 1 & mask];
            }
            if (key == 0) {
                return NONE;
            }
            i += 2;
        }
    }

    void put(long frame, int slot) {
        if (insert(pairs, shift, frame + 1, slot)) {
            size++;
            if (size * 4 > pairs.length) {
                grow();
            }
        }
    }

    int size() {
        return size;
    }

    void clear() {
        Arrays.fill(pairs, 0);
        size = 0;
    }

    private void grow() {
        long[] larger = new long[pairs.length * 2];
        for (int i = 0; i < pairs.length; i += 2) {
            if (pairs[i] != 0) {
                insert(larger, shift - 1, pairs[i], (int) pairs[i + 1]);
            }
        }
        pairs = larger;
        shift--;
    }

    private static boolean insert(long[] table, int shift, long key, int slot) {
        int mask = table.length - 1;
        int i = (int) ((key - 1) * GOLDEN_RATIO >>> shift) << 1;
        while (table[i & mask] != 0 && table[i & mask] != key) {
            i += 2;
        }
        boolean fresh = table[i & mask] == 0;
        table[i & mask] = key;
        table[i + 1 & mask] = slot;
        return fresh;
    }
}
