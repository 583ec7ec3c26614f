// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What pages that are mapped to devices have held when. Every word says who wrote it, and for which place in a page:
 *
 * <pre>
 *   63       48 47                    12 11       0
 *   |  MAGIC   |  author                | offset  |
 * </pre>
 */
final class PageContents {
    static final int WORD = Long.BYTES;
    static final int PAGE = 1 << 12;
    private static final long MAGIC = 0xD3A5L << 48;
    private static final long MAGIC_MASK = 0xFFFFL << 48;
    private static final int AUTHOR_SHIFT = 12;
    private static final long OFFSET = PAGE - 1;

    private record Change(long turn, int first, int end, long author) {}

    private final Map<Long, List<Change>> pages = new HashMap<>();

    static long word(long author, long address) {
        return MAGIC | author << AUTHOR_SHIFT | address & OFFSET & -WORD;
    }

    static boolean isMarked(long word) {
        return (word & MAGIC_MASK) == MAGIC;
    }

    static long author(long word) {
        return (word & ~MAGIC_MASK) >>> AUTHOR_SHIFT;
    }

    /** Words for an address, in the order of memory. */
    static byte[] bytes(long author, long address, int count) {
        byte[] all = new byte[count];
        for (int i = 0; i < count; i += WORD) {
            put(all, i, word(author, address + i));
        }
        return all;
    }

    private static void put(byte[] all, int at, long word) {
        for (int b = 0; b < WORD; b++) {
            all[at + b] = (byte) (word >>> Byte.SIZE * b);
        }
    }

    /** Words within one page are written. */
    void written(long turn, long address, int bytes, long author) {
        int first = (int) (address & OFFSET);
        List<Change> changes = pages.computeIfAbsent(address & ~OFFSET, page -> new ArrayList<>());
        int last = changes.size() - 1;
        Change before = last < 0 ? null : changes.get(last);
        if (before != null && before.turn == turn && before.author == author && before.end == first) {
            changes.set(last, new Change(turn, before.first, first + bytes, author));
        } else {
            changes.add(new Change(turn, first, first + bytes, author));
        }
    }

    /** Whether a byte could be read at an address at some moment of a time. */
    boolean couldBe(byte value, long address, long from, long until) {
        List<Change> changes = pages.getOrDefault(address & ~OFFSET, List.of());
        int offset = (int) (address & OFFSET);
        // From the last to the first: what was there at the beginning is the last that was written up to then.
        for (int i = changes.size() - 1; i >= 0; i--) {
            Change c = changes.get(i);
            if (c.turn <= until && c.first <= offset && offset < c.end) {
                if ((byte) (word(c.author, offset) >>> Byte.SIZE * (offset % WORD)) == value) {
                    return true;
                }
                if (c.turn <= from) {
                    return false;
                }
            }
        }
        return false;
    }
}
