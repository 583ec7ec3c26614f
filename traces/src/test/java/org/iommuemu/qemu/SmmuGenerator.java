// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Ste;
import org.iommuemu.time.RandomStream;

/**
 * Programs for an SMMUv3 with stage 1: a stream table, a context and page tables for each device, DMA, and in between changes with the
 * commands that they need.
 */
final class SmmuGenerator {
    private static final long STREAM_TABLE = 0x4400_0000L;
    private static final long CONTEXTS = 0x4401_0000L;
    private static final long COMMANDS = 0x4402_0000L;
    private static final long EVENTS = 0x4403_0000L;
    private static final long SECOND_LEVEL = 0x4404_0000L;
    private static final long TABLES = 0x4410_0000L;
    private static final long DATA = 0x4800_0000L;
    private static final int LOG2_COMMANDS = 8;
    private static final int LOG2_EVENTS = 7;
    private static final int EVENT_BYTES = 32;
    private static final int[] ILLEGAL = {0x00, 0x0F, 0x7F, 0xFF};
    private static final int PAGE_1 = 0x1_0000;

    private final RandomStream random;
    private final long seed;
    private final Words words = new Words();
    private final List<Op> ops = new ArrayList<>();
    private final ArmTables[] tables = new ArmTables[Side.SLOTS.length];
    private final long[][] ste = new long[Side.SLOTS.length][8];
    private final long[][] cd = new long[Side.SLOTS.length][8];
    private final List<Set<String>> quirks = new ArrayList<>();
    private int log2Streams;
    private boolean twoLevels;
    private int commandProducer;
    private int acknowledged;
    private int dmas;

    SmmuGenerator(long seed) {
        this.seed = seed;
        random = new RandomStream(seed);
    }

    Program generate() {
        ops.add(new Op.Store(DATA, pattern()));
        twoLevels = random.nextBelow(3) == 0;
        log2Streams = random.nextBelow(6) == 0 ? 5 : 8;
        for (int i = 0; i < tables.length; i++) {
            device(i);
        }
        streamTable();
        words.put(COMMANDS, 0);
        ops.addAll(words.stores());
        enable();
        int rounds = 3 + below(5);
        for (int r = 0; r < rounds && dmas < Program.MOST_DMAS; r++) {
            int n = 2 + below(8);
            for (int i = 0; i < n && dmas < Program.MOST_DMAS; i++) {
                dma();
            }
            change();
            ops.add(new Op.Read("CMDQ_CONS", 0x9C, 4, 0xFFFFF));
            ops.add(new Op.Read("GERROR", 0x60, 4, -1L));
        }
        return new Program(
                Target.SMMUV3, seed, DATA, List.copyOf(ops), List.of(new Op.Write(0x20, 4, 0)), SmmuGenerator::drain);
    }

    private int below(int bound) {
        return (int) random.nextBelow(bound);
    }

    private byte[] pattern() {
        byte[] data = new byte[Program.DATA_BYTES];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (1 + below(255));
        }
        return data;
    }

    private void device(int i) {
        quirks.add(new HashSet<>());
        tables[i] = new ArmTables(random, words, TABLES + i * 0x80_0000L, DATA);
        ArmTables t = tables[i];
        long[] c = cd[i];
        Cd.T0SZ.set(c, 64 - t.inputBits());
        Cd.TG0.set(c, t.granuleCode());
        Cd.EPD1.set(c, 1);
        Cd.V.set(c, 1);
        Cd.IPS.set(c, 4);
        Cd.AA64.set(c, 1);
        Cd.R.set(c, 1);
        Cd.A.set(c, 1);
        Cd.ASET.set(c, 1);
        Cd.ASID.set(c, 0x10 + i);
        Cd.TTB0.setInPlace(c, t.root());
        Cd.MAIR.set(c, 0xFF);
        words.put(CONTEXTS + 64L * i, c);
        long[] s = ste[i];
        int kind = below(8);
        Ste.V.set(s, 1);
        Ste.CONFIG.set(s, kind == 0 ? 4 : kind == 1 ? 0 : 5);
        Ste.S1_CONTEXT_PTR.setInPlace(s, CONTEXTS + 64L * i);
        Ste.STRW.set(s, 0);
        Ste.SHCFG.set(s, 1);
    }

    private long steAddress(int i) {
        long stream = (long) Side.SLOTS[i] << 3;
        return twoLevels ? SECOND_LEVEL + 64 * stream : STREAM_TABLE + 64 * stream;
    }

    private void streamTable() {
        for (int i = 0; i < tables.length; i++) {
            words.put(steAddress(i), ste[i]);
        }
        if (twoLevels) {
            // Split at 64 entries: each first-level entry spans a whole second-level table.
            for (int j = 0; j < 4; j++) {
                words.put(STREAM_TABLE + 8L * j, SECOND_LEVEL + 64L * 64 * j | 7);
            }
        }
    }

    private void enable() {
        ops.add(new Op.Write(0x28, 4, 0));
        ops.add(new Op.Write(0x2C, 4, 2));
        ops.add(new Op.Write(0x80, 8, STREAM_TABLE));
        ops.add(new Op.Write(0x88, 4, log2Streams | (twoLevels ? 1 << 16 | 6 << 6 : 0)));
        ops.add(new Op.Write(0x90, 8, COMMANDS | LOG2_COMMANDS));
        ops.add(new Op.Write(0xA0, 8, EVENTS | LOG2_EVENTS));
        ops.add(new Op.Write(0x20, 4, 0xC));
        command(4, 0, 31);
        command(0x30, 0, 0);
        sync();
        ops.add(new Op.Write(0x20, 4, 0xD));
        ops.add(new Op.Read("CR0ACK", 0x24, 4, -1L));
    }

    private void command(long opcode, long low, long high) {
        long at = COMMANDS + 16L * (commandProducer & (1 << LOG2_COMMANDS) - 1);
        ops.add(new Op.Store(at, Words.bytes(opcode | low, high)));
        commandProducer = commandProducer + 1 & (2 << LOG2_COMMANDS) - 1;
    }

    private void sync() {
        command(0x46, 0, 0);
        ops.add(new Op.Write(0x98, 4, commandProducer));
    }

    private void dma() {
        int i = below(tables.length);
        boolean translated = Ste.CONFIG.get(ste[i]) == 5;
        ArmTables.Page page = tables[i].any();
        Set<String> known = new HashSet<>(quirks.get(i));
        if (!Cd.R.isSet(cd[i])) {
            known.add("unrecorded");
        }
        long offset = 4L * below(256);
        int bytes = 4;
        if (below(6) == 0) {
            bytes = 1 + below(Program.SLOT_BYTES);
            offset = below(2048);
            known.add("evt-per-beat");
        }
        long iova;
        long target = -1;
        if (!translated) {
            target = DATA + below(Program.DATA_BYTES / 64 - 1) * 64L;
            iova = target;
        } else if (below(10) == 0) {
            iova = wild(i, known);
        } else {
            target = page.target() < 0 ? -1 : page.target() + offset;
            iova = page.iova() + page.offset() + offset;
            known.addAll(page.quirks());
        }
        ops.add(new Op.Dma(i, below(2) == 0, iova, bytes, target, Set.copyOf(known), page.text(words)));
        dmas++;
    }

    private long wild(int i, Set<String> known) {
        long iova = switch (below(4)) {
            case 0 -> tables[i].any().iova() + (1L << tables[i].granule() + below(6));
            case 1 -> random.nextLong() & (1L << tables[i].inputBits()) - 1 & -4L;
            case 2 -> random.nextLong() & (1L << 48) - 1 & -4L;
            default -> random.nextLong() & -4L;
        };
        known.addAll(tables[i].quirks());
        if (iova >>> 48 != 0) {
            known.add("iova-48");
        }
        return iova;
    }

    /** Changes something, with the commands that it takes. */
    private void change() {
        int i = below(tables.length);
        switch (below(7)) {
            case 0 -> {
                illegal();
                return;
            }
            case 1 -> {
                new SmmuMutations(random).ste(ste[i], quirks.get(i));
                words.put(steAddress(i), ste[i]);
                ops.addAll(words.stores());
                if (below(3) == 0) {
                    command(4, 0, 31);
                } else {
                    command(3, (long) Side.SLOTS[i] << 3 + 32, 1);
                }
            }
            case 2 -> {
                new SmmuMutations(random).cd(cd[i], quirks.get(i));
                words.put(CONTEXTS + 64L * i, cd[i]);
                ops.addAll(words.stores());
                command(below(2) == 0 ? 5 : 6, (long) Side.SLOTS[i] << 3 + 32, 1);
                command(0x11, (0x10L + i) << 48, 0);
            }
            default -> pages(i);
        }
        sync();
    }

    /** A command that is none stops the queue, until software has replaced it and acknowledged the error. */
    private void illegal() {
        long at = COMMANDS + 16L * (commandProducer & (1 << LOG2_COMMANDS) - 1);
        command(ILLEGAL[below(ILLEGAL.length)], random.nextLong() & -0x100L, random.nextLong());
        sync();
        ops.add(new Op.Read("CMDQ_CONS", 0x9C, 4, 0x7F0F_FFFF));
        ops.add(new Op.Read("GERROR", 0x60, 4, -1L));
        ops.add(new Op.Store(at, Words.bytes(0x46, 0)));
        acknowledged ^= 1;
        ops.add(new Op.Write(0x64, 4, acknowledged));
    }

    private void pages(int i) {
        int n = 1 + below(3);
        for (int k = 0; k < n; k++) {
            ArmTables.Page page = tables[i].any();
            boolean leaf = below(5) > 0;
            if (leaf) {
                tables[i].changeLeaf(page);
            } else {
                tables[i].changeTable(page);
            }
            ops.addAll(words.stores());
            switch (below(leaf ? 5 : 3)) {
                case 0 -> command(0x11, (0x10L + i) << 48, 0);
                case 1 -> command(0x10, 0, 0);
                case 2 -> command(0x30, 0, 0);
                case 3 -> command(0x12, (0x10L + i) << 48, page.iova() | 1);
                default -> command(0x12, (0x10L + i) << 48, page.iova());
            }
        }
    }

    /** Reads all new event records. */
    private static List<FaultRecord> drain(Side side) {
        int mask = (2 << LOG2_EVENTS) - 1;
        int producer = (int) side.readRegister(PAGE_1 | 0xA8, 4) & mask;
        int consumer = (int) side.readRegister(PAGE_1 | 0xAC, 4) & mask;
        List<FaultRecord> records = new ArrayList<>();
        while (consumer != producer) {
            byte[] bytes = side.load(EVENTS + (long) EVENT_BYTES * (consumer & (1 << LOG2_EVENTS) - 1), EVENT_BYTES);
            long[] w = {Words.word(bytes, 0), Words.word(bytes, 1), Words.word(bytes, 2), Words.word(bytes, 3)};
            records.add(new FaultRecord(w, Event.TYPE.getInt(w), Event.INPUT_ADDR.get(w)));
            consumer = consumer + 1 & mask;
        }
        side.writeRegister(PAGE_1 | 0xAC, 4, producer);
        return records;
    }
}
