// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import static org.iommuemu.vtd.reference.ReferenceRegisters.bits;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.reference.Arena;
import org.iommuemu.vtd.Vtd;

/**
 * A unit with random features and random sources.
 *
 * <p>Where caches are to be transparent, software keeps the rules of fact sheet 14.1: what differs has another domain, and what
 * shares a domain shares its second stage.
 */
final class Scene implements AutoCloseable {
    /** Below this are queues, above it structures and tables. */
    static final long STRUCTURES = 0x100_0000;
    /** A region that may be protected. */
    static final long PROTECTED = 0x4000_0000L;

    private static final long QUEUE = 0x20_0000;
    private static final long RECORDS = 0x400;

    final VtdDraw draw;
    final PhysicalMemory memory = new PhysicalMemory();
    final Vtd unit;
    final ReferenceRegisters machine;
    final boolean cached;
    final TreeMap<Integer, Source> sources = new TreeMap<>();

    // No two starts differ in a single bit.
    private final Arena contexts = new Arena(memory, 0x900_0000);
    private final Arena pasids = new Arena(memory, 0x300_0000);
    private final Arena first = new Arena(memory, 0x500_0000);
    private final Arena secondTables = new Arena(memory, 0x600_0000);
    private final List<Second> seconds = new ArrayList<>();
    private final boolean wide;
    private final boolean invalidates;
    private int domains;

    /**
     * A scene.
     *
     * @param cached caches are not to be invalidated between requests
     */
    Scene(long seed, CacheConfiguration caches, boolean cached) {
        draw = new VtdDraw(seed);
        this.cached = cached;
        unit = new Vtd(memory, draw.features(), caches, InterruptSink.NONE);
        boolean scalable = (unit.readRegister(0x10, 8) >>> 43 & 1) != 0;
        int mode = draw.once(25) ? draw.below(4) : scalable && !draw.once(3) ? 1 : 0;
        wide = mode != 0;
        invalidates = mode == 0 || mode == 1 && scalable;
        long root = contexts.allocate(0x1000, 0x1000);
        unit.writeRegister(0x20, 8, root | (long) mode << 10);
        unit.writeRegister(0x90, 8, QUEUE | (wide ? 1 << 11 : 0));
        long interrupts = InterruptTable.write(draw, memory, pasids);
        unit.writeRegister(0xB8, 8, interrupts);
        protect();
        unit.writeRegister(0x18, 4, 1 << 30);
        unit.writeRegister(0x18, 4, 1 << 24);
        long on = 1 << 26 | draw.mostly(6) << 25 | draw.bit() << 23 | draw.mostly(30) << 31;
        unit.writeRegister(0x18, 4, on);
        machine = ReferenceRegisters.of(unit);
        for (int i = 0; i < 5; i++) {
            int id = draw.below(draw.of(0x100, 0x400));
            sources.computeIfAbsent(id, this::source);
        }
        for (int i = draw.below(4); i > 0; i--) {
            List<Long> places = draw.of(List.of(first, first, secondTables, secondTables, pasids, contexts)).places;
            if (!places.isEmpty()) {
                memory.mark(draw.of(places) & -0x1000, 0x1000, draw.once(2) ? RangeState.ABSENT : RangeState.POISONED);
            }
        }
        invalidate();
    }

    private void protect() {
        unit.writeRegister(0x68, 4, PROTECTED);
        unit.writeRegister(0x6C, 4, PROTECTED + 0x10_0000L * draw.of(-2, 0, 3));
        unit.writeRegister(0x70, 8, 1L << 33);
        unit.writeRegister(0x78, 8, (1L << 33) + 0x100_0000);
        if (draw.once(4)) {
            unit.writeRegister(0x64, 4, 1L << 31);
        }
    }

    private Source source(int id) {
        Source s = new Source(id);
        if (machine.mode() == 0) {
            legacy(s);
        } else {
            new ScalableWriter(s).write();
        }
        return s;
    }

    /** An entry of the root table, with the table behind it. */
    private long context(int id, long rootEntry, int bytes) {
        long root = memory.readLong(rootEntry);
        if (root == 0) {
            root = contexts.allocate(0x1000, 0x1000) | draw.mostly(40) | draw.rarely(40) << 1 + draw.below(11);
            put(contexts, rootEntry, root);
        }
        return (bits(root, 51, 12) << 12) + (long) id * bytes;
    }

    private void legacy(Source s) {
        long root = bits(machine.root(), 63, 12) << 12;
        long at = context(s.id & 0xFF, root + (s.id >>> 8) * 16L, 16);
        Second second = second(0);
        int type = draw.of(0, 0, 1, 1, 1, 2, draw.below(4));
        long[] words = {
            draw.mostly(20) | draw.rarely(10) << 1 | (long) type << 2 | second.root(),
            second.code | draw.bits(4) << 3 & 0x78 | second.domain << 8
        };
        if (type == 2) {
            words[1] = words[1] & ~0xFFFF00L | (cached ? (long) ++domains << 8 : second.domain << 8);
        }
        fill(second);
        s.visits.add(new Source.Visit(Transaction.NO_SUBSTREAM, addresses(second.inputs)));
        for (int i = 0; i < 2; i++) {
            put(contexts, at + i * 8L, mutate(words[i], i == 0 ? 0x0FF3L : -1L << 24));
        }
    }

    /** A second stage that a PASID can use. */
    private Second second(int pasid) {
        List<Second> fitting = seconds.stream()
                .filter(s -> !cached || !s.pasids.contains(pasid) || machine.mode() == 0)
                .toList();
        Second s;
        if (!fitting.isEmpty() && draw.once(3)) {
            s = draw.of(fitting);
        } else {
            s = new Second(draw, machine, memory, secondTables, domain());
            seconds.add(s);
        }
        s.pasids.add(pasid);
        return s;
    }

    private long domain() {
        return cached ? ++domains : draw.bits(machine.domainBits());
    }

    private void fill(Second second) {
        for (int i = 0; i < 4; i++) {
            second.map(draw.bits(second.width), target());
        }
    }

    /** A host address: anywhere, in the interrupt window, in a protected region. */
    private long target() {
        return switch (draw.below(12)) {
            case 0 -> 0xFEE0_0000L | draw.bits(20);
            case 1 -> PROTECTED + draw.bits(24) - 0x20_0000;
            case 2 -> (1L << 33) + draw.bits(25);
            default -> draw.bits(machine.hostBits());
        };
    }

    private List<Long> addresses(List<Long> mapped) {
        List<Long> all = new ArrayList<>(mapped);
        all.add(draw.bits(64));
        all.add(0xFEE0_0000L | draw.bits(20));
        all.add(draw.bits(machine.hostBits()));
        all.add(1L << machine.hostBits());
        return all;
    }

    /** Changes a bit, perhaps; in a scene with caches none but those of {@code free}. */
    private long mutate(long word, long free) {
        if (!draw.once(25)) {
            return word;
        }
        long flip = 1L << draw.below(64);
        return cached && (flip & free) == 0 ? word : word ^ flip;
    }

    private void put(Arena arena, long at, long value) {
        if (value != 0) {
            arena.put(at, value);
        }
    }

    /** Context entry, PASID directory and PASID entries of a source. */
    private final class ScalableWriter {
        private final Source source;
        private final int size = draw.of(0, 0, 2, 7);
        private final long directory = pasids.allocate(0x400L << size, 0x1000);

        ScalableWriter(Source source) {
            this.source = source;
        }

        void write() {
            int limit = 13 + size;
            long root = bits(machine.root(), 63, 12) << 12;
            long half = (source.id & 0x80) != 0 ? 8 : 0;
            long at = context(source.id & 0x7F, root + (source.id >>> 8) * 16L + half, 32);
            long own = draw.once(2) ? 0 : draw.bits(draw.once(10) ? 20 : limit);
            long dte = draw.mostly(6);
            long[] words = {
                directory
                        | draw.mostly(20)
                        | draw.rarely(10) << 1
                        | dte << 2
                        | draw.mostly(6) << 3
                        | (dte == 1 || draw.once(10) ? draw.bit() << 4 : 0)
                        | (machine.extended(56) ? draw.bit() << 6 : 0)
                        | (long) size << 9,
                own | (machine.extended(53) ? draw.rarely(3) << 20 : 0),
                0,
                0
            };
            for (int i = 0; i < 4; i++) {
                put(contexts, at + i * 8L, mutate(words[i], i == 0 ? 0x1FEL : i == 1 ? -1L << 21 : -1));
            }
            pasid((int) own, Transaction.NO_SUBSTREAM);
            for (int i = 0; i < 2; i++) {
                int pasid = draw.below(1 << Math.min(limit, machine.pasidBits()));
                pasid(pasid, pasid);
            }
        }

        private void pasid(int pasid, int requested) {
            if (pasid >>> 13 + size != 0) {
                return;
            }
            long at = directory + (pasid >>> 6) * 8L;
            long table = memory.readLong(at);
            if (table == 0) {
                table = mutate(pasids.allocate(0x1000, 0x1000) | draw.mostly(40) | draw.rarely(20) << 1, 0xFFF);
                put(pasids, at, table);
            }
            long entry = (bits(table, 51, 12) << 12) + (pasid & 63) * 64L;
            if (!pasids.holds(entry) || memory.readLong(entry) != 0) {
                return;
            }
            PasidWriter w = new PasidWriter(pasid);
            for (int i = 0; i < w.words.length; i++) {
                long free = i == 0 ? 0xC22 : i == 1 ? 0xFF7F_0000L : i == 2 ? 0xF13 : -1;
                put(pasids, entry + i * 8L, mutate(w.words[i], free));
            }
            source.visits.add(new Source.Visit(requested, addresses(w.inputs)));
        }
    }

    /** A PASID entry with its tables. */
    private final class PasidWriter {
        final long[] words = new long[8];
        final List<Long> inputs = new ArrayList<>();

        PasidWriter(int pasid) {
            int kind = machine.extended(26) ? draw.of(1, 1, 2, 2, 3, 3, 3, 4) : draw.of(1, 2, 4);
            kind = draw.once(30) ? draw.below(8) : kind;
            Second second = kind == 2 || kind == 3 ? second(pasid) : null;
            words[0] = draw.mostly(20) | draw.rarely(12) << 1 | (long) kind << 6;
            words[1] = second != null ? second.domain : domain();
            words[1] |= machine.extended(48) ? draw.mostly(6) << 23 : 0;
            words[1] |= machine.extended(7) ? draw.rarely(4) << 24 : 0;
            words[2] = (machine.extended(31) ? draw.mostly(4) : 0) | draw.bits(2) << 5;
            if (second != null) {
                words[0] |= second.root() | (long) second.code << 2 | second.updates << 9;
                fill(second);
                inputs.addAll(second.inputs);
            }
            if (kind == 1 || kind == 3) {
                first(second);
            }
        }

        private void first(Second second) {
            boolean five = (machine.cap() >>> 60 & 1) != 0 && draw.once(3);
            long offset = second == null ? 0 : second.offset;
            TableWriter writer = new TableWriter(draw, memory, first, true, five ? 5 : 4, offset, false, at -> {
                if (second != null) {
                    second.use(at);
                }
            });
            words[2] |= writer.root | (five ? 1 << 2 : 0) | draw.bit() << 4;
            words[2] |= machine.extended(34) ? draw.bit() << 7 : 0;
            int bits = five ? 57 : 48;
            for (int i = 0; i < 5; i++) {
                long input = draw.bits(bits) << 64 - bits >> 64 - bits;
                long target =
                        second == null ? target() : draw.once(4) ? draw.bits(second.width) : draw.of(second.inputs);
                writer.write(input, target, false);
                inputs.add(input);
            }
        }
    }

    /** Lets software change a few entries, or a structure where no cache would mind. */
    void change() {
        for (int i = draw.below(6); i > 0; i--) {
            List<Long> places = (draw.once(3) ? secondTables : first).places;
            if (!cached && draw.once(4)) {
                places = (draw.once(2) ? pasids : contexts).places;
            }
            if (!places.isEmpty()) {
                long at = draw.of(places);
                memory.writeLong(
                        at,
                        draw.once(8) ? memory.readLong(draw.of(places)) : memory.readLong(at) ^ 1L << draw.below(64));
            }
        }
    }

    /** Global invalidation of all caches, or of every domain if tables alone have changed. */
    void invalidate() {
        if (!invalidates) {
            return;
        }
        descriptor(1 | 1 << 4);
        if (wide) {
            descriptor(7 | 3 << 4);
        }
        descriptor(2 | 1 << 4);
        descriptor(4);
        descriptor(5 | 1 << 6);
    }

    /** IOTLB invalidation of every domain. */
    void invalidateDomains() {
        if (!invalidates) {
            return;
        }
        for (Second s : seconds) {
            descriptor(2 | 2 << 4 | s.domain << 16);
        }
        for (long d = 1; d <= domains; d++) {
            descriptor(2 | 2 << 4 | d << 16);
        }
        descriptor(5 | 1 << 6);
    }

    private void descriptor(long word) {
        long tail = unit.readRegister(0x88, 8);
        int bytes = wide ? 32 : 16;
        memory.writeLong(QUEUE + tail, word);
        for (int i = 8; i < bytes; i += 8) {
            memory.writeLong(QUEUE + tail + i, 0);
        }
        unit.writeRegister(0x88, 8, tail + bytes & 0xFFF);
        if ((unit.readRegister(0x34, 4) & 0x70) != 0) {
            throw new IllegalStateException("queue error after a descriptor");
        }
    }

    /** Takes the fault records. */
    List<long[]> records() {
        List<long[]> all = new ArrayList<>();
        long status = unit.readRegister(0x34, 4);
        int i = (int) bits(status, 15, 8);
        while (all.size() < 8 && (unit.readRegister(RECORDS + i * 16L + 12, 4) >>> 31) != 0) {
            all.add(new long[] {unit.readRegister(RECORDS + i * 16L, 8), unit.readRegister(RECORDS + i * 16L + 8, 8)});
            unit.writeRegister(RECORDS + i * 16L + 12, 4, 1L << 31);
            i = i + 1 & 7;
        }
        return all;
    }

    @Override
    public void close() {
        memory.close();
    }
}
