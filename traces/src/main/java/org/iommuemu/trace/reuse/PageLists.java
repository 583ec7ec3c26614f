// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.reuse;

import java.util.Arrays;

/** Which pages of each address space have been looked up since they were last invalidated: doubly linked lists through arrays. */
final class PageLists {
    static final int END = -1;

    /** What {@link #next} says of a page that is in no list. */
    private static final int OUT = -2;

    private int[] next = new int[0];
    private int[] previous = new int[0];
    private int[] first = new int[0];
    private int[] sizes = new int[0];

    /** How many pages of a space are in its list. */
    int size(int space) {
        return space < sizes.length ? sizes[space] : 0;
    }

    /** The first page of a space's list, or {@link #END}. */
    int first(int space) {
        return space < first.length ? first[space] : END;
    }

    /** The page behind one that is in a list, or {@link #END}. */
    int next(int page) {
        return next[page];
    }

    void add(int space, int page) {
        if (page >= next.length) {
            int before = next.length;
            next = Arrays.copyOf(next, Math.max(page + 1, 2 * before));
            previous = Arrays.copyOf(previous, next.length);
            Arrays.fill(next, before, next.length, OUT);
        }
        if (next[page] != OUT) {
            return;
        }
        if (space >= first.length) {
            int before = first.length;
            first = Arrays.copyOf(first, Math.max(space + 1, 2 * before));
            sizes = Arrays.copyOf(sizes, first.length);
            Arrays.fill(first, before, first.length, END);
        }
        int second = first[space];
        next[page] = second;
        previous[page] = END;
        if (second != END) {
            previous[second] = page;
        }
        first[space] = page;
        sizes[space]++;
    }

    void remove(int space, int page) {
        if (page >= next.length || next[page] == OUT) {
            return;
        }
        int after = next[page];
        int before = previous[page];
        if (before == END) {
            first[space] = after;
        } else {
            next[before] = after;
        }
        if (after != END) {
            previous[after] = before;
        }
        next[page] = OUT;
        sizes[space]--;
    }
}
