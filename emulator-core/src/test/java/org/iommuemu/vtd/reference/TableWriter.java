// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import static org.iommuemu.vtd.reference.ReferenceRegisters.bit;
import static org.iommuemu.vtd.reference.ReferenceRegisters.bits;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.reference.Arena;
import org.iommuemu.reference.Draw;

/** Writes tables of one stage, path by path: mostly good ones, with shared and looping tables and odd entries between. */
final class TableWriter {
    private final Draw draw;
    private final PhysicalMemory memory;
    private final Arena arena;
    private final boolean first;
    private final int levels;
    private final long offset;
    private final boolean snoops;
    private final LongConsumer use;
    private final List<Long> tables = new ArrayList<>();
    /** Where the tables begin, as entries write it. */
    final long root;

    /**
     * For new tables.
     *
     * @param first of the first stage, else of the second
     * @param offset what to add to a physical address to get the one that entries use
     * @param snoops whether SNP may be set
     * @param use is told of the address, as entries write it, of every entry that is used
     */
    TableWriter(
            Draw draw,
            PhysicalMemory memory,
            Arena arena,
            boolean first,
            int levels,
            long offset,
            boolean snoops,
            LongConsumer use) {
        this.draw = draw;
        this.memory = memory;
        this.arena = arena;
        this.first = first;
        this.levels = levels;
        this.offset = offset;
        this.snoops = snoops;
        this.use = use;
        long table = arena.allocate(0x1000, 0x1000);
        tables.add(table);
        root = table + offset;
    }

    /**
     * Makes an input translate to a target, mostly.
     *
     * @param plain no oddities on the way
     * @return what it translates to, or -1
     */
    long write(long input, long target, boolean plain) {
        long table = root;
        for (int level = levels; ; level--) {
            int shift = 12 + 9 * (level - 1);
            long used = table + bits(input, shift + 8, shift) * 8;
            long at = used - offset;
            if (!arena.holds(at)) {
                return -1;
            }
            use.accept(used);
            long found = memory.readLong(at);
            boolean large = level == 2 || level == 3;
            boolean leaf = level == 1 || large && bit(found, 7) || large && found == 0 && draw.once(8);
            if (leaf) {
                if (found == 0) {
                    found = target & -(1L << shift) | (level > 1 ? 1 << 7 : 0) | leafBits(plain, level);
                    arena.put(at, plain ? found : odd(found));
                }
                return bits(found, 51, shift) << shift | bits(input, shift - 1, 0);
            }
            if (found == 0) {
                found = nextTable(plain) + offset | tableBits(plain);
                arena.put(at, plain ? found : odd(found));
            }
            table = bits(found, 51, 12) << 12;
        }
    }

    private long nextTable(boolean plain) {
        if (!plain && draw.once(15)) {
            return draw.of(tables);
        }
        long table = arena.allocate(0x1000, 0x1000);
        tables.add(table);
        return table;
    }

    private long odd(long entry) {
        return draw.once(20) ? entry ^ 1L << draw.of(draw.below(64), 36 + draw.below(16)) : entry;
    }

    /** Permissions, accessed, dirty, ignored bits. */
    private long tableBits(boolean plain) {
        long ignored = draw.bits(9) << 52;
        if (first) {
            return ignored
                    | permissions(plain)
                    | draw.bits(2) << 5 & ~(1L << 7)
                    | draw.bits(3) << 8
                    | draw.bits(2) << 3;
        }
        return ignored | permissions(plain) | draw.bits(5) << 2 | draw.bits(3) << 8;
    }

    private long leafBits(boolean plain, int level) {
        long snoop = !first && (snoops ? draw.once(3) : draw.once(60)) ? 1 << 11 : 0;
        long pat = first && level > 1 ? draw.bit() << 12 : 0;
        return tableBits(plain) | snoop | pat;
    }

    private long permissions(boolean plain) {
        if (first) {
            boolean limited = draw.once(plain ? 40 : 12);
            return limited ? draw.once(4) ? draw.bits(3) : 1 | draw.bits(2) << 1 : 7;
        }
        return draw.once(plain ? 25 : 10) ? draw.of(0, 1, 1, 1, 2, 2) : 3;
    }
}
