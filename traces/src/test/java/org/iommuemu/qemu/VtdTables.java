// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.time.RandomStream;

/** Random second-stage tables of VT-d, and random changes to them. */
final class VtdTables {
    private static final long HOLE = 0x3F_0000_0000L;
    private static final int STRIDE = 9;
    private static final int PAGE_SHIFT = 12;
    private static final long READ = 1;
    private static final long WRITE = 2;
    private static final long PAGE_SIZE = 1 << 7;

    /** A mapping. */
    static final class Page {
        private final long iova;
        private final int shift;
        private final List<Long> entries = new ArrayList<>();
        private long offset;
        private long target;

        Page(long iova, int shift) {
            this.iova = iova;
            this.shift = shift;
        }

        long iova() {
            return iova;
        }

        int shift() {
            return shift;
        }

        /** From its first byte to that which ends at {@link #target}. */
        long offset() {
            return offset;
        }

        /** Physical address that its bytes should come to, or -1. */
        long target() {
            return target;
        }

        /** Its entries at the moment. */
        String text(Words words) {
            StringBuilder text = new StringBuilder("2^" + shift + " bytes");
            entries.forEach(e -> text.append(' ').append(Long.toHexString(words.get(e))));
            return text.toString();
        }
    }

    private final RandomStream random;
    private final Words words;
    private final long data;
    private final int levels;
    private final long root;
    private final List<Page> pages = new ArrayList<>();
    private final Map<Long, Long> tables = new HashMap<>();
    private long free;

    VtdTables(RandomStream random, Words words, long memory, long data) {
        this.random = random;
        this.words = words;
        this.data = data;
        free = memory;
        levels = 3 + below(2);
        root = allocate();
        int n = 3 + below(6);
        for (int i = 0; i < n; i++) {
            map();
        }
    }

    int levels() {
        return levels;
    }

    int inputBits() {
        return PAGE_SHIFT + STRIDE * levels;
    }

    long root() {
        return root;
    }

    Page any() {
        return pages.get(below(pages.size()));
    }

    private int below(int bound) {
        return (int) random.nextBelow(bound);
    }

    private long allocate() {
        long table = free;
        free += 1 << PAGE_SHIFT;
        return table;
    }

    private void map() {
        int level = below(4) == 0 ? 2 + below(2) : 1;
        int shift = PAGE_SHIFT + STRIDE * (level - 1);
        long near = pages.isEmpty() || below(2) == 0 ? random.nextLong() : any().iova + (1L << shift);
        long iova = near & (1L << inputBits()) - 1 & -(1L << shift);
        boolean messages = iova >>> 20 == 0xFEE;
        for (Page p : pages) {
            int wider = Math.max(shift, p.shift);
            messages |= iova >>> wider == p.iova >>> wider;
        }
        if (messages) {
            return;
        }
        Page page = new Page(iova, shift);
        long table = root;
        for (int l = levels; l > level; l--) {
            long at = slot(table, iova, l);
            page.entries.add(at);
            Long next = tables.get(at);
            if (next == null) {
                next = allocate();
                tables.put(at, next);
                words.put(at, next | READ | WRITE);
            }
            table = next;
        }
        page.entries.add(slot(table, iova, level));
        pages.add(page);
        leaf(page, true);
    }

    private static long slot(long table, long iova, int level) {
        return table + 8 * (iova >>> PAGE_SHIFT + STRIDE * (level - 1) & (1 << STRIDE) - 1);
    }

    private void leaf(Page page, boolean well) {
        long output = data & -(1L << page.shift);
        page.offset = data - output;
        if (page.shift == PAGE_SHIFT) {
            output += (long) below(16) << PAGE_SHIFT;
        }
        page.target = output + page.offset;
        long rights = switch (below(6)) {
            case 0 -> READ;
            case 1 -> WRITE;
            default -> READ | WRITE;
        };
        long e = output | rights | (page.shift == PAGE_SHIFT ? 0 : PAGE_SIZE);
        if (!well || below(8) == 0) {
            e = spoil(page, e);
        }
        words.put(page.entries.get(page.entries.size() - 1), e);
    }

    private long spoil(Page page, long e) {
        switch (below(6)) {
            case 0 -> {
                page.target = -1;
                return 0;
            }
            case 1 -> {
                page.target = -1;
                return e & ~3L;
            }
            case 2 -> {
                page.target = -1;
                return e & 0xFFF | HOLE & -(1L << page.shift);
            }
            case 3 -> {
                page.target = -1;
                return e | 1L << 48 + below(4);
            }
            case 4 -> {
                // Software's bits.
                return e | 1L << 8 + below(3) | 1L << 52 + below(10);
            }
            default -> {
                return e | READ | WRITE;
            }
        }
    }

    /** Writes another last entry of a page. */
    void changeLeaf(Page page) {
        leaf(page, below(2) == 0);
    }

    /** Writes another upper entry on a page's way. */
    void changeTable(Page page) {
        int upper = page.entries.size() - 1;
        if (upper == 0) {
            changeLeaf(page);
            return;
        }
        long at = page.entries.get(below(upper));
        Long next = tables.get(at);
        if (next == null) {
            return;
        }
        words.put(
                at,
                switch (below(6)) {
                    case 0 -> 0;
                    case 1 -> next | READ;
                    case 2 -> next | WRITE;
                    case 3 -> HOLE | READ | WRITE;
                    case 4 -> next | READ | WRITE | 1L << 8 + below(3);
                    default -> next | READ | WRITE;
                });
    }
}
