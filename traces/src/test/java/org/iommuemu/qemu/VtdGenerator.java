// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.time.RandomStream;

/**
 * Programs for VT-d with second-stage tables, in legacy or scalable mode: root, context and PASID structures and tables for each device,
 * DMA, and in between changes with the invalidations that they need.
 */
final class VtdGenerator {
    private static final long ROOT = 0x100_0000L;
    private static final long CONTEXTS = 0x101_0000L;
    private static final long DIRECTORIES = 0x102_0000L;
    private static final long PASIDS = 0x103_0000L;
    private static final long QUEUE = 0x104_0000L;
    private static final long STATUS = 0x105_0000L;
    private static final long TABLES = 0x200_0000L;
    private static final long DATA = 0x800_0000L;
    private static final long HOLE = 0x3F_0000_0000L;
    private static final int DESCRIPTORS = 256;
    private static final int[] INVALID = {0x0, 0xA, 0xF, 0x1 | 1 << 6, 0x2 | 1 << 8, 0x2};
    private static final int GCMD = 0x18;
    private static final long TRANSLATION = 1L << 31;
    private static final long ROOT_POINTER = 1L << 30;
    private static final long QUEUED = 1L << 26;

    private final RandomStream random;
    private final long seed;
    private final boolean scalable;
    private final Words words = new Words();
    private final List<Op> ops = new ArrayList<>();
    private final VtdTables[] tables = new VtdTables[Side.SLOTS.length];
    private final List<Set<String>> quirks = new ArrayList<>();
    private final boolean[] direct = new boolean[Side.SLOTS.length];
    private int tail;
    private int waits;
    private int dmas;

    VtdGenerator(long seed, boolean scalable) {
        this.seed = seed;
        this.scalable = scalable;
        random = new RandomStream(seed);
    }

    Program generate() {
        byte[] data = new byte[Program.DATA_BYTES];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (1 + below(255));
        }
        ops.add(new Op.Store(DATA, data));
        for (int i = 0; i < tables.length; i++) {
            quirks.add(new HashSet<>());
            tables[i] = new VtdTables(random, words, TABLES + i * 0x10_0000L, DATA);
        }
        root(0);
        for (int i = 0; i < tables.length; i++) {
            entry(i, below(8) == 0 ? 12 : 0);
        }
        ops.addAll(words.stores());
        enable();
        int rounds = 3 + below(5);
        for (int r = 0; r < rounds && dmas < Program.MOST_DMAS; r++) {
            int n = 2 + below(8);
            for (int i = 0; i < n && dmas < Program.MOST_DMAS; i++) {
                dma();
            }
            change();
            ops.add(new Op.Read("IQH", 0x80, 8, -1L));
            ops.add(new Op.Read("GSTS", 0x1C, 4, -1L));
        }
        List<Op.Write> off = List.of(new Op.Write(GCMD, 4, QUEUED));
        Target target = scalable ? Target.VTD_SCALABLE : Target.VTD;
        return new Program(target, seed, DATA, List.copyOf(ops), off, VtdGenerator::drain);
    }

    private int below(int bound) {
        return (int) random.nextBelow(bound);
    }

    private void root(int how) {
        long present = how == 1 ? 0 : 1;
        long table = how == 2 ? HOLE : CONTEXTS;
        words.put(ROOT, table | present, scalable ? table + 0x1000 | present : 0);
    }

    /** Writes the structures of a device, with what a number says wrong. */
    private void entry(int i, int how) {
        quirks.get(i).clear();
        direct[i] = how == 12;
        long function = (long) Side.SLOTS[i] << 3;
        long tableRoot = how == 1 ? HOLE : tables[i].root();
        long width = how == 2 ? below(8) : tables[i].levels() - 2;
        long present = how == 3 ? 0 : 1;
        long disable = how == 4 ? 2 : 0;
        if (!scalable) {
            long type = how == 12 ? 2 : how == 5 ? below(4) : 0;
            long did = 0x10L + i;
            passThrough(i, type == 2);
            words.put(CONTEXTS + 16 * function, tableRoot | type << 2 | disable | present, did << 8 | width);
            return;
        }
        long context = CONTEXTS + (function >= 128 ? 0x1000 + 32 * (function - 128) : 32 * function);
        long pasid = 0x41L + i;
        long directory = DIRECTORIES + 0x1000L * i;
        long table = PASIDS + 0x1000L * i;
        long inContext = how == 6 ? 0 : 1;
        words.put(context, (how == 7 ? HOLE : directory) | (how == 8 ? 2 : 0) | inContext, pasid, 0, 0);
        words.put(directory + 8 * (pasid >> 6), (how == 9 ? HOLE : table) | (how == 10 ? 0 : 1));
        long type = how == 12 ? 4 : how == 11 ? below(8) : 2;
        if (type == 1 || type == 3) {
            quirks.get(i).add("sm-first-level");
        }
        passThrough(i, type == 4);
        words.put(
                table + 64 * (pasid & 63),
                tableRoot | type << 6 | width << 2 | disable | present,
                0x10 + i,
                0,
                0,
                0,
                0,
                0,
                0);
    }

    private void passThrough(int i, boolean passes) {
        if (passes) {
            quirks.get(i).add("pt-width");
        }
    }

    private void enable() {
        ops.add(new Op.Write(0x20, 8, ROOT | (scalable ? 1 << 10 : 0)));
        ops.add(new Op.Write(GCMD, 4, ROOT_POINTER));
        ops.add(new Op.Write(0x88, 8, 0));
        ops.add(new Op.Write(0x90, 8, QUEUE));
        ops.add(new Op.Write(GCMD, 4, QUEUED));
        everything();
        ops.add(new Op.Write(GCMD, 4, QUEUED | TRANSLATION));
        ops.add(new Op.Read("GSTS", 0x1C, 4, -1L));
    }

    private void descriptor(long low, long high) {
        ops.add(new Op.Store(QUEUE + 16L * tail, Words.bytes(low, high)));
        tail = (tail + 1) % DESCRIPTORS;
    }

    /** A wait descriptor behind what was put into the queue, and all of it is fetched. */
    private void submit() {
        waits++;
        descriptor(5 | 1 << 5 | (long) waits << 32, STATUS);
        ops.add(new Op.Write(0x88, 8, 16L * tail));
    }

    private void everything() {
        descriptor(1 | 1 << 4, 0);
        if (scalable) {
            descriptor(7 | 3 << 4, 0);
        }
        descriptor(2 | 1 << 4 | 1 << 6 | 1 << 7, 0);
        submit();
    }

    private void dma() {
        int i = below(tables.length);
        VtdTables.Page page = tables[i].any();
        Set<String> known = new HashSet<>(quirks.get(i));
        long offset = 4L * below(256);
        int bytes = 4;
        if (below(6) == 0) {
            bytes = 1 + below(Program.SLOT_BYTES);
            offset = below(2048);
        }
        long iova;
        long target = -1;
        if (direct[i]) {
            target = DATA + below(Program.DATA_BYTES / 64 - 1) * 64L;
            iova = target;
        } else if (below(10) == 0) {
            iova = wild(i);
        } else {
            target = page.target() < 0 ? -1 : page.target() + offset;
            iova = page.iova() + page.offset() + offset;
        }
        ops.add(new Op.Dma(i, below(2) == 0, iova, bytes, target, Set.copyOf(known), page.text(words)));
        dmas++;
    }

    private long wild(int i) {
        long iova = switch (below(4)) {
            case 0 -> tables[i].any().iova() + (1L << 12 + below(6));
            case 1 -> random.nextLong() & (1L << tables[i].inputBits()) - 1 & -4L;
            case 2 -> random.nextLong() & (1L << 48) - 1 & -4L;
            default -> random.nextLong() & -4L;
        };
        return iova >>> 20 == 0xFEE ? 0 : iova;
    }

    /** Changes something, with the invalidations that it takes. */
    private void change() {
        int i = below(tables.length);
        long did = (0x10L + i) << 16;
        switch (below(8)) {
            case 0 -> invalid();
            case 1 -> {
                root(below(4));
                ops.addAll(words.stores());
                everything();
            }
            case 2, 3 -> {
                entry(i, below(16));
                ops.addAll(words.stores());
                if (scalable || below(2) == 0) {
                    everything();
                } else {
                    descriptor(1 | 3 << 4 | did | (long) Side.SLOTS[i] << 3 + 32, 0);
                    descriptor(2 | 2 << 4 | 3 << 6 | did, 0);
                    submit();
                }
            }
            default -> pages(i, did);
        }
    }

    /** A descriptor that is none stops the queue, until software has replaced it and cleared the error. */
    private void invalid() {
        long at = QUEUE + 16L * tail;
        descriptor(INVALID[below(INVALID.length)], 0);
        submit();
        ops.add(new Op.Read("FSTS", 0x34, 4, 0x70));
        ops.add(new Op.Read("IQH", 0x80, 8, -1L));
        ops.add(new Op.Store(at, Words.bytes(2 | 1 << 4, 0)));
        ops.add(new Op.Write(0x34, 4, 0x70));
        ops.add(new Op.Write(0x88, 8, 16L * tail));
        ops.add(new Op.Read("FSTS", 0x34, 4, 0x70));
    }

    private void pages(int i, long did) {
        int n = 1 + below(3);
        for (int k = 0; k < n; k++) {
            VtdTables.Page page = tables[i].any();
            boolean leaf = below(5) > 0;
            if (leaf) {
                tables[i].changeLeaf(page);
            } else {
                tables[i].changeTable(page);
            }
            ops.addAll(words.stores());
            switch (below(leaf ? 4 : 2)) {
                case 0 -> descriptor(2 | 1 << 4 | 3 << 6, 0);
                case 1 -> descriptor(2 | 2 << 4 | 3 << 6 | did, 0);
                default -> descriptor(2 | 3 << 4 | 3 << 6 | did, page.iova() | page.shift() - 12);
            }
        }
        submit();
    }

    /** Reads and clears what FSTS and FRCD show. */
    private static List<FaultRecord> drain(Side side) {
        long status = side.readRegister(0x34, 4);
        List<FaultRecord> records = new ArrayList<>();
        if ((status & 2) != 0) {
            long low = side.readRegister(0x220, 8);
            long high = side.readRegister(0x228, 8);
            records.add(new FaultRecord(new long[] {low, high, status}, (int) (high >>> 32) & 0xFF, low & -0x1000L));
            side.writeRegister(0x228, 8, 1L << 63);
        }
        side.writeRegister(0x34, 4, status & 0x71);
        return records;
    }
}
