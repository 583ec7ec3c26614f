// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.reuse;

import java.util.Arrays;

/**
 * The stack of Mattson et al. (1970) for LRU with invalidations: a fully associative LRU cache of {@code n} entries holds the pages
 * among the first {@code n} places, whatever {@code n} is. So an access hits in all caches of at least as many entries as its page's
 * place, and misses in all others.
 *
 * <p>What is invalidated leaves a hole: a free entry of every cache that reaches as far. An access to a page behind the first hole fills
 * it: pages before the hole move down by one, those behind it stay, and where the page was is a hole now. Caches that reach to the first
 * hole but not to the page evict nothing thereby; those that reach to the page have as many free entries as before.
 *
 * <p>Places are counted as by Bennett and Kruskal (1975) and Olken (1981): every access takes the next slot of a row, pages and holes
 * mark theirs, and a place is the number of marks from there on, which a Fenwick tree over words of 64 slots knows. When slots run out
 * the marked ones move together. An access is O(log n); memory is 20 to 40 bytes for each page there ever was at once, and 4 for each
 * number of a page.
 *
 * <p>Pages are numbers from 0 on, best without gaps.
 */
public final class RecencyStack {
    /** The place of a page that is not there. */
    public static final int ABSENT = 0;

    private static final int FIRST_SLOTS = 1 << 12;
    private static final int WORD_SHIFT = 6;
    private static final int NOWHERE = -1;

    /** By page: its slot, or {@link #NOWHERE}. */
    private int[] slots = new int[0];

    /** By slot, where a page marks it. */
    private int[] pages;

    /** A bit for each slot that a page or a hole marks. */
    private long[] marks;

    /** Fenwick tree of the numbers of marks in words; the first element is not used. */
    private int[] tree;

    private SlotSet holes;
    private int marked;
    private int present;
    private int now;

    /** An empty stack. */
    public RecencyStack() {
        pages = new int[FIRST_SLOTS];
        marks = new long[FIRST_SLOTS >>> WORD_SHIFT];
        tree = new int[marks.length + 1];
        holes = new SlotSet(FIRST_SLOTS);
    }

    /** Pages that are there. */
    public int size() {
        return present;
    }

    /** Whether a page is there. */
    public boolean contains(int page) {
        return page < slots.length && slots[page] != NOWHERE;
    }

    /**
     * An access: the page comes to the top.
     *
     * @return its place before, from 1 on, or {@link #ABSENT}
     */
    public int access(int page) {
        if (page >= slots.length) {
            int before = slots.length;
            slots = Arrays.copyOf(slots, Math.max(page + 1, Math.max(FIRST_SLOTS, 2 * before)));
            Arrays.fill(slots, before, slots.length, NOWHERE);
        }
        if (slots[page] == now - 1 && now > 0) {
            return 1;
        }
        if (now == pages.length) {
            moveTogether();
        }
        int slot = slots[page];
        int place = slot == NOWHERE ? ABSENT : marked - marksBefore(slot);
        int hole = holes.last();
        if (hole > slot) {
            holes.remove(hole);
            unmark(hole);
            if (slot != NOWHERE) {
                holes.add(slot);
            }
        } else if (slot != NOWHERE) {
            unmark(slot);
        }
        present += slot == NOWHERE ? 1 : 0;
        slots[page] = now;
        pages[now] = page;
        mark(now++);
        return place;
    }

    /**
     * An invalidation: the page leaves a hole.
     *
     * @return whether it was there
     */
    public boolean remove(int page) {
        if (!contains(page)) {
            return false;
        }
        holes.add(slots[page]);
        slots[page] = NOWHERE;
        present--;
        return true;
    }

    private void mark(int slot) {
        marks[slot >>> WORD_SHIFT] |= 1L << slot;
        marked++;
        add(slot >>> WORD_SHIFT, 1);
    }

    private void unmark(int slot) {
        marks[slot >>> WORD_SHIFT] &= ~(1L << slot);
        marked--;
        add(slot >>> WORD_SHIFT, -1);
    }

    private void add(int word, int difference) {
        for (int i = word + 1; i < tree.length; i += i & -i) {
            tree[i] += difference;
        }
    }

    private int marksBefore(int slot) {
        int sum = Long.bitCount(marks[slot >>> WORD_SHIFT] & (1L << slot) - 1);
        for (int i = slot >>> WORD_SHIFT; i > 0; i &= i - 1) {
            sum += tree[i];
        }
        return sum;
    }

    /** Gives marked slots new numbers without gaps; there are twice as many slots as marks afterwards at least. */
    private void moveTogether() {
        int capacity = pages.length;
        while (capacity < 2 * marked) {
            capacity *= 2;
        }
        int[] movedPages = new int[capacity];
        SlotSet movedHoles = new SlotSet(capacity);
        int to = 0;
        for (int word = 0; word < marks.length; word++) {
            for (long left = marks[word]; left != 0; left &= left - 1) {
                int from = (word << WORD_SHIFT) + Long.numberOfTrailingZeros(left);
                if (holes.contains(from)) {
                    movedHoles.add(to);
                } else {
                    slots[pages[from]] = to;
                    movedPages[to] = pages[from];
                }
                to++;
            }
        }
        pages = movedPages;
        holes = movedHoles;
        now = to;
        marks = new long[capacity >>> WORD_SHIFT];
        Arrays.fill(marks, 0, to >>> WORD_SHIFT, -1L);
        if ((to & Long.SIZE - 1) != 0) {
            marks[to >>> WORD_SHIFT] = (1L << to) - 1;
        }
        tree = new int[marks.length + 1];
        for (int i = 1; i < tree.length; i++) {
            tree[i] += Long.bitCount(marks[i - 1]);
            int parent = i + (i & -i);
            if (parent < tree.length) {
                tree[parent] += tree[i];
            }
        }
    }
}
