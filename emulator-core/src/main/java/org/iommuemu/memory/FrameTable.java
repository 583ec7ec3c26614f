// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import java.util.Arrays;

/**
 * Finds the slot that holds a page frame: an open-addressing hash table of groups of 16 adjacent frames. The keys of groups are
 * dense, and the slots of a group fill a line of the host's cache, so that tables that lie side by side, as a page allocator gives
 * them out, share it. Never more than half full: 144 to 288 bytes of heap for each group.
 */
final class FrameTable {
    /** Returned for a frame that has no slot. */
    static final int NONE = -1;

    private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
    private static final int INITIAL_BITS = 4;
    private static final int GROUP_SHIFT = 4;
    private static final int GROUP_MASK = (1 << GROUP_SHIFT) - 1;

    /** Group numbers plus one; 0 marks a free place. */
    private long[] keys = new long[1 << INITIAL_BITS];
    /** For each place, the slots of its frames plus one; 0 for none. */
    private int[] slots = new int[1 << INITIAL_BITS + GROUP_SHIFT];

    private int shift = 64 - INITIAL_BITS;
    private int groups;
    private int size;

    int find(long frame) {
        long[] table = keys;
        int mask = table.length - 1;
        long wanted = (frame >>> GROUP_SHIFT) + 1;
        int i = (int) (wanted * GOLDEN_RATIO >>> shift);
        while (true) {
            long key = table[i & mask];
            if (key == wanted) {
                return slots[(i & mask) << GROUP_SHIFT | (int) frame & GROUP_MASK] - 1;
            }
            if (key == 0) {
                return NONE;
            }
            i++;
        }
    }

    void put(long frame, int slot) {
        long wanted = (frame >>> GROUP_SHIFT) + 1;
        int place = place(wanted);
        if (keys[place] == 0) {
            if (++groups * 2 > keys.length) {
                grow();
                place = place(wanted);
            }
            keys[place] = wanted;
        }
        int at = place << GROUP_SHIFT | (int) frame & GROUP_MASK;
        size += slots[at] == 0 ? 1 : 0;
        slots[at] = slot + 1;
    }

    int size() {
        return size;
    }

    void clear() {
        Arrays.fill(keys, 0);
        Arrays.fill(slots, 0);
        groups = 0;
        size = 0;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldSlots = slots;
        keys = new long[oldKeys.length * 2];
        slots = new int[oldSlots.length * 2];
        shift--;
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int place = place(oldKeys[i]);
                keys[place] = oldKeys[i];
                System.arraycopy(oldSlots, i << GROUP_SHIFT, slots, place << GROUP_SHIFT, 1 << GROUP_SHIFT);
            }
        }
    }

    /** Where a group is, or is to be. */
    private int place(long key) {
        int mask = keys.length - 1;
        int i = (int) (key * GOLDEN_RATIO >>> shift);
        while (keys[i & mask] != 0 && keys[i & mask] != key) {
            i++;
        }
        return i & mask;
    }
}
