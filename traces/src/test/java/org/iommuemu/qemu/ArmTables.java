// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.iommuemu.time.RandomStream;

/** Random VMSAv8-64 stage 1 tables, and random changes to them. */
final class ArmTables {
    private static final int[] GRANULES = {12, 14, 16};
    private static final int[] CODES = {0, 2, 1};
    private static final long HOLE = 0x3F_0000_0000L;
    private static final long NON_GLOBAL = 1L << 11;
    private static final long ACCESSED = 1L << 10;
    private static final long INNER_SHAREABLE = 3L << 8;
    private static final long UNPRIVILEGED = 1L << 6;
    private static final long READ_ONLY = 1L << 7;

    /** A mapping: where it is, where its descriptors are, and where its accessible bytes begin. */
    static final class Page {
        private final long iova;
        private final int shift;
        private final int level;
        private final List<Long> descriptors = new ArrayList<>();
        private final Set<String> quirks = new HashSet<>();
        private final Set<String> tableQuirks = new HashSet<>();
        private long offset;
        private long target;

        Page(long iova, int shift, int level) {
            this.iova = iova;
            this.shift = shift;
            this.level = level;
        }

        long iova() {
            return iova;
        }

        /** From its first byte to that which ends at {@link #target}. */
        long offset() {
            return offset;
        }

        /** Physical address that its bytes should come to, or -1. */
        long target() {
            return target;
        }

        Set<String> quirks() {
            Set<String> all = new HashSet<>(quirks);
            all.addAll(tableQuirks);
            return all;
        }

        /** Its descriptors at the moment. */
        String text(Words words) {
            StringBuilder text = new StringBuilder("level " + level);
            descriptors.forEach(d -> text.append(' ').append(Long.toHexString(words.get(d))));
            return text.toString();
        }
    }

    private final RandomStream random;
    private final Words words;
    private final long data;
    private final int granule;
    private final int code;
    private final int inputBits;
    private final long root;
    private final List<Page> pages = new ArrayList<>();
    private final Map<Long, Long> tables = new HashMap<>();
    private long free;

    ArmTables(RandomStream random, Words words, long memory, long data) {
        this.random = random;
        this.words = words;
        this.data = data;
        free = memory;
        int which = below(GRANULES.length);
        granule = GRANULES[which];
        code = CODES[which];
        inputBits = 25 + below(24);
        root = allocate();
        int n = 3 + below(6);
        for (int i = 0; i < n; i++) {
            map();
        }
    }

    int granule() {
        return granule;
    }

    int granuleCode() {
        return code;
    }

    int inputBits() {
        return inputBits;
    }

    long root() {
        return root;
    }

    Page any() {
        return pages.get(below(pages.size()));
    }

    /** What is known to differ in any page. */
    Set<String> quirks() {
        Set<String> all = new HashSet<>();
        pages.forEach(p -> all.addAll(p.quirks()));
        return all;
    }

    private int below(int bound) {
        return (int) random.nextBelow(bound);
    }

    private long allocate() {
        long table = free;
        free += 1L << 16;
        return table;
    }

    private int startLevel() {
        int stride = granule - 3;
        return 4 - (inputBits - granule + stride - 1) / stride;
    }

    private int levelShift(int level) {
        return granule + (3 - level) * (granule - 3);
    }

    private void map() {
        boolean block = below(4) == 0;
        int lowest = granule == 12 ? 1 : 2;
        int level = block ? Math.max(startLevel(), lowest + below(3 - lowest)) : 3;
        int shift = levelShift(level);
        if (shift >= inputBits) {
            return;
        }
        long near = pages.isEmpty() || below(2) == 0 ? random.nextLong() : any().iova + (1L << shift);
        long iova = near & (1L << inputBits) - 1 & -(1L << shift);
        for (Page p : pages) {
            int wider = Math.max(shift, p.shift);
            if (iova >>> wider == p.iova >>> wider) {
                return;
            }
        }
        Page page = new Page(iova, shift, level);
        long table = root;
        for (int l = startLevel(); l < level; l++) {
            long at = slot(table, iova, l);
            page.descriptors.add(at);
            Long next = tables.get(at);
            if (next == null) {
                next = allocate();
                tables.put(at, next);
                words.put(at, next | 3);
            }
            table = next;
        }
        page.descriptors.add(slot(table, iova, level));
        pages.add(page);
        leaf(page, true);
    }

    private long slot(long table, long iova, int level) {
        int bits = level == startLevel() ? inputBits - levelShift(level) : granule - 3;
        long index = iova >>> levelShift(level) & (1L << bits) - 1;
        return table + 8 * index;
    }

    private void leaf(Page page, boolean well) {
        page.quirks.clear();
        long output = data & -(1L << page.shift);
        page.offset = data - output;
        if (page.shift < 16) {
            output += (long) below(1 << 16 - page.shift) << page.shift;
        }
        page.target = output + page.offset;
        long d = output | NON_GLOBAL | ACCESSED | INNER_SHAREABLE | UNPRIVILEGED | (page.level == 3 ? 3 : 1);
        if (below(4) == 0) {
            d |= READ_ONLY;
        }
        if (!well || below(8) == 0) {
            d = spoil(page, d);
        }
        words.put(last(page), d);
    }

    private static long last(Page page) {
        return page.descriptors.get(page.descriptors.size() - 1);
    }

    private long spoil(Page page, long d) {
        switch (below(9)) {
            case 0 -> {
                page.target = -1;
                return 0;
            }
            case 1 -> {
                page.quirks.add("access-flag");
                return d & ~ACCESSED;
            }
            case 2 -> {
                page.quirks.add("unprivileged");
                return d & ~UNPRIVILEGED;
            }
            case 3 -> {
                page.target = -1;
                return d & 0xFFF | HOLE & -(1L << page.shift);
            }
            case 4 -> {
                page.quirks.add("addr-size");
                page.target = -1;
                return d | 1L << 44 + below(4);
            }
            case 5 -> {
                // Bits that no stage 1 access of this machine looks at: XN, PXN, software's, PBHA, shareability,
                // attributes.
                return d ^ (1L << 53 + below(10)) ^ (1L << 8 + below(2)) ^ (1L << 2 + below(3));
            }
            case 6 -> {
                // The other type at its level: reserved, hence invalid, or a table.
                page.target = -1;
                if (page.level < 3) {
                    return d & ~1L;
                }
                page.quirks.add("type-1-level-3");
                return d & ~2L;
            }
            case 7 -> {
                return d | READ_ONLY;
            }
            default -> {
                return d & ~READ_ONLY;
            }
        }
    }

    /** Writes another last descriptor of a page. */
    void changeLeaf(Page page) {
        leaf(page, below(2) == 0);
    }

    /** Writes another table descriptor on a page's way, for all pages behind it. */
    void changeTable(Page page) {
        if (page.descriptors.size() < 2) {
            changeLeaf(page);
            return;
        }
        long at = page.descriptors.get(below(page.descriptors.size() - 1));
        Long next = tables.get(at);
        if (next == null) {
            return;
        }
        String quirk = "";
        long d = next | 3;
        switch (below(6)) {
            case 0 -> d = 0;
            case 1 -> {
                d |= 1L << 62;
                quirk = "aptable-tlb";
            }
            case 2 -> {
                d |= 1L << 61;
                quirk = "unprivileged";
            }
            case 3 -> d = HOLE | 3;
            case 4 -> d |= 3L << 59;
            default -> d |= 0xFL << 52;
        }
        words.put(at, d);
        for (Page p : pages) {
            if (!quirk.isEmpty() && p.descriptors.contains(at)) {
                p.tableQuirks.add(quirk);
            }
        }
    }
}
