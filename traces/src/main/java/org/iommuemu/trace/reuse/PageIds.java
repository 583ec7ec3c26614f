// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.reuse;

import java.util.Arrays;

/** Gives pages small numbers, from 0 on in the order in which they are first named. Open addressing, linear probes, nothing boxed. */
final class PageIds {
    /** There is no such page. */
    static final int NONE = -1;

    private static final int FIRST_CAPACITY = 1 << 10;
    private static final int MOST = 1 << 29;
    private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

    /** Numbers, or {@link #NONE}; at most half of it is used. */
    private int[] table = new int[2 * FIRST_CAPACITY];

    private long[] pages = new long[FIRST_CAPACITY];
    private int[] spaces = new int[FIRST_CAPACITY];
    private int size;

    PageIds() {
        Arrays.fill(table, NONE);
    }

    /** How many pages have been named. */
    int size() {
        return size;
    }

    /** Input address of a page's first byte, and log2 of its size in the low bits. */
    long page(int id) {
        return pages[id];
    }

    /** Number of a page's address space. */
    int space(int id) {
        return spaces[id];
    }

    /** The number of a page, or {@link #NONE}. */
    int find(int space, long page) {
        int mask = table.length - 1;
        int at = slot(space, page, mask);
        int id = table[at];
        while (id != NONE && (pages[id] != page || spaces[id] != space)) {
            at = at + 1 & mask;
            id = table[at];
        }
        return id;
    }

    /** The number of a page, a new one if it has none. */
    int findOrAdd(int space, long page) {
        int id = find(space, page);
        return id == NONE ? add(space, page) : id;
    }

    private int add(int space, long page) {
        if (size == pages.length) {
            grow();
        }
        pages[size] = page;
        spaces[size] = space;
        enter(size);
        return size++;
    }

    private void grow() {
        if (size == MOST) {
            throw new IllegalStateException("more than 2^29 pages");
        }
        pages = Arrays.copyOf(pages, 2 * size);
        spaces = Arrays.copyOf(spaces, 2 * size);
        table = new int[4 * size];
        Arrays.fill(table, NONE);
        for (int id = 0; id < size; id++) {
            enter(id);
        }
    }

    private void enter(int id) {
        int mask = table.length - 1;
        int at = slot(spaces[id], pages[id], mask);
        while (table[at] != NONE) {
            at = at + 1 & mask;
        }
        table[at] = id;
    }

    private static int slot(int space, long page, int mask) {
        long mixed = (page ^ (long) space << 40 ^ space) * GOLDEN;
        return (int) (mixed >>> Integer.SIZE ^ mixed >>> 50) & mask;
    }
}
