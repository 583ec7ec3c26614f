// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

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
    private final ReferenceTables shape;
    private final long offset;
    private final Style style;
    private final LongConsumer use;
    private final List<Long> tables = new ArrayList<>();

    /** What descriptors look like. */
    enum Style {
        /** Stage 1, any. */
        FIRST,
        /** Stage 1, with nG in every leaf. */
        FIRST_LOCAL,
        /** Stage 2. */
        SECOND
    }

    /**
     * For tables of a shape.
     *
     * @param offset what to add to a physical address to get the one that tables and TTBs use
     * @param use is told of every such address that is used
     */
    TableWriter(
            Draw draw,
            PhysicalMemory memory,
            Arena arena,
            ReferenceTables shape,
            long offset,
            Style style,
            LongConsumer use) {
        this.draw = draw;
        this.memory = memory;
        this.arena = arena;
        this.shape = shape;
        this.offset = offset;
        this.style = style;
        this.use = use;
        tables.add(shape.base() - offset);
    }

    /**
     * Makes an input translate to a target, mostly.
     *
     * @param plain no oddities on the way
     * @return what it translates to, or -1
     */
    long write(long input, long target, boolean plain) {
        long table = shape.base();
        for (int level = shape.start(); ; level++) {
            long used = shape.entry(table, level, input);
            long at = used - offset;
            if (!arena.holds(at)) {
                return -1;
            }
            use.accept(used);
            long found = get(at);
            boolean leaf = level == 3 || shape.hasBlocks(level) && (found & 3) == 1;
            if (level < 3 && found == 0 && shape.hasBlocks(level) && draw.once(8)) {
                leaf = true;
            }
            if (leaf) {
                int shift = shape.low(level);
                if (found == 0) {
                    found = encode(target, shift) | (level == 3 ? 3 : 1) | attributes(plain);
                    put(at, !plain && draw.once(25) ? found ^ 1L << draw.below(2) : found);
                }
                return shape.address(found, shift) | input & (1L << shift) - 1;
            }
            if (found == 0) {
                if (!plain && draw.once(40)) {
                    put(at, draw.bits(12) | local());
                    return -1;
                }
                found = encode(nextTable(plain) + offset, shape.granule()) | 3 | limits(plain);
                put(at, found);
            }
            if ((found & 3) != 3) {
                return -1;
            }
            table = shape.address(found, shape.granule());
        }
    }

    private long nextTable(boolean plain) {
        if (!plain && draw.once(15)) {
            return draw.of(tables) & -(1L << shape.granule());
        }
        long table = arena.allocate(1L << shape.granule(), 1L << shape.granule());
        tables.add(table);
        return table;
    }

    /** The field of an address in a descriptor. */
    private long encode(long address, int from) {
        if (shape.granule() == 16) {
            long low = ReferenceRegisters.bits(address, 47, from) << from;
            return shape.wide() ? low | ReferenceRegisters.bits(address, 51, 48) << 12 : low;
        }
        if (shape.ds()) {
            return ReferenceRegisters.bits(address, 49, from) << from | ReferenceRegisters.bits(address, 51, 50) << 8;
        }
        return ReferenceRegisters.bits(address, 47, from) << from;
    }

    /** What a table descriptor has besides: AF, ignored bits, and at times limits to what is below. */
    private long limits(boolean plain) {
        long bits = local() | draw.bit() << 10 | draw.bits(6) << 2 | draw.bits(7) << 52;
        return plain || !draw.once(6) ? bits : bits | 1L << 59 + draw.below(4);
    }

    /** nG where it must be set, also in what is meant as a table: it may be met as a page. */
    private long local() {
        return style == Style.FIRST_LOCAL ? 1L << 11 : 0;
    }

    private long attributes(boolean plain) {
        // Ignored or hints: contiguous, software's, PBHA.
        long bits = draw.rarely(5) << 52 | draw.bits(4) << 55 | draw.rarely(5) << 63;
        bits |= draw.bit() << 51 | (plain ? draw.mostly(20) : draw.mostly(7)) << 10;
        bits |= shape.ds() ? 0 : draw.bits(2) << 8;
        if (style == Style.SECOND) {
            bits |= (draw.once(plain ? 40 : 6) ? draw.bits(4) : 15) << 2;
            bits |= (draw.once(plain ? 12 : 4) ? draw.bits(2) : 3) << 6;
            return draw.once(3) ? bits | draw.bits(2) << 53 : bits;
        }
        bits |= draw.bits(3) << 2 | (draw.once(2) ? draw.bits(2) : 1) << 6;
        bits |= draw.bit() << 11 | local();
        bits |= draw.bit() << 50;
        return draw.once(3) ? bits | draw.bits(2) << 53 : bits;
    }

    private long get(long at) {
        long raw = memory.readLong(at);
        return shape.bigEndian() ? Long.reverseBytes(raw) : raw;
    }

    private void put(long at, long value) {
        arena.put(at, shape.bigEndian() ? Long.reverseBytes(value) : value);
    }
}
