// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.reference.Arena;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;

/**
 * A machine with random features and random streams.
 *
 * <p>Where caches are to be transparent, software keeps the rules of IHI 0070 §5.2.1 and §5.4.2: what differs has another VMID
 * or ASID, and all that can share a descriptor update it alike.
 */
final class Scene implements AutoCloseable {
    /** Below this are queues, above it structures and tables. */
    static final long STRUCTURES = 0x100_0000;

    private static final long COMMANDS = 0x20_0000;
    private static final long EVENTS = 0x30_0000;
    private static final int QUEUE_LOG2 = 6;

    final SmmuDraw draw;
    final SmmuFeatures features;
    final PhysicalMemory memory = new PhysicalMemory();
    final SmmuV3 smmu;
    final ReferenceRegisters machine;
    final boolean cached;
    final TreeMap<Integer, Stream> streams = new TreeMap<>();

    // No two starts differ in a single bit.
    private final Arena stes = new Arena(memory, 0x900_0000);
    private final Arena cds = new Arena(memory, 0x300_0000);
    private final Arena first = new Arena(memory, 0x500_0000);
    private final Arena secondTables = new Arena(memory, 0x600_0000);
    private final List<SecondStage> seconds = new ArrayList<>();
    private final List<Context> contexts = new ArrayList<>();
    private final int updates;
    private final boolean oneContext;
    private int produced;

    /**
     * A scene.
     *
     * @param cached caches are not to be invalidated between transactions
     */
    Scene(long seed, CacheConfiguration caches, boolean cached) {
        draw = new SmmuDraw(seed);
        this.cached = cached;
        features = draw.features();
        smmu = new SmmuV3(memory, features, caches, line -> {});
        int log2 = streamTable();
        smmu.writeRegister(0x90, 8, COMMANDS | QUEUE_LOG2);
        smmu.writeRegister(0xA0, 8, EVENTS | QUEUE_LOG2);
        smmu.writeRegister(0x2C, 4, draw.bit() | draw.mostly(6) << 1 | draw.bit() << 3);
        if (draw.once(30)) {
            smmu.writeRegister(0x44, 4, 0x8000_1000L | draw.bit() << 20);
            smmu.writeRegister(0x20, 4, 0xC);
        } else {
            smmu.writeRegister(0x20, 4, 0xD | draw.bit() << 4);
        }
        machine = ReferenceRegisters.of(smmu);
        updates = !cached ? -1 : machine.httu() == 0 ? 0 : machine.httu() == 1 ? 1 : draw.of(0, 1, 3, 3, 3);
        oneContext = cached && draw.once(4);
        for (int i = 0; i < 5; i++) {
            int id = draw.below(1 << Math.min(log2, 8));
            streams.computeIfAbsent(id, this::stream);
        }
        streams.values().forEach(this::place);
        for (int i = draw.below(3); i > 0; i--) {
            List<Long> places = draw.of(List.of(first, first, secondTables, cds, stes)).places;
            if (!places.isEmpty()) {
                memory.mark(draw.of(places) & -0x1000, 0x1000, draw.once(2) ? RangeState.ABSENT : RangeState.POISONED);
            }
        }
        invalidate();
    }

    /** Draws the shape of the stream table and returns log2 of its size. */
    private int streamTable() {
        int log2 = draw.of(3, 6, 7, 8, 9, 12);
        long base = stes.allocate(0x10_0000, 0x10_0000);
        boolean twoLevel = draw.once(2);
        long cfg = log2 | (twoLevel ? (long) draw.of(6, 6, 8, 10, 7) << 6 | 1 << 16 : draw.rarely(4) << 17);
        // Ignored: below the alignment.
        smmu.writeRegister(0x80, 8, base | (draw.once(4) ? 0x40 : 0));
        smmu.writeRegister(0x88, 4, cfg);
        return Math.min(log2, (int) features.idr1() & 0x3F);
    }

    private Stream stream(int id) {
        Stream s = new Stream(id);
        int config = machine.stage1() && machine.stage2()
                ? draw.of(5, 5, 5, 6, 7, 7, 7, 4, 0)
                : draw.once(8) ? draw.below(8) : machine.stage1() ? 5 : 6;
        s.words[0] = 1 | (long) config << 1;
        s.words[1] = draw.bits(2)
                | draw.bits(6) << 2
                | draw.bits(4) << 13
                | (machine.stallModel() == 0 ? draw.rarely(4) : 0) << 27
                | (long) draw.of(0, 1, 1, machine.splitStageAts() && config == 7 ? 2 : 1) << 28
                | (config == 5 ? draw.rarely(4) << 31 : draw.bits(2) << 30)
                | draw.bits(10) << 32
                | draw.bits(2) << 44
                | (draw.once(3) ? draw.bits(4) << 48 : 0);
        SecondStage second = null;
        if ((config & 6) == 6 && machine.stage2()) {
            boolean shared = !seconds.isEmpty() && draw.once(3);
            second = shared ? draw.of(seconds) : newSecond();
            second.into(s.words);
            SecondStage.redrawFaults(s.words, draw, machine);
        } else {
            s.words[2] = cached ? 100 + streams.size() : draw.bits(machine.vmid16() ? 16 : 8);
        }
        List<Long> plain = new ArrayList<>(List.of(draw.bits(30), draw.bits(64), 1L << machine.oas()));
        if (second != null) {
            for (int i = 0; i < 4; i++) {
                second.map(draw.bits(second.inputBits), Context.physical(draw, second.outputBits));
            }
            plain.addAll(second.inputs);
        }
        s.visits.add(new Stream.Visit(Transaction.NO_SUBSTREAM, plain));
        if ((config & 5) == 5) {
            new ContextWriter(s, second).write();
        }
        mutate(s);
        return s;
    }

    private SecondStage newSecond() {
        SecondStage s = new SecondStage(draw, machine, memory, secondTables, seconds.size() + 1, updates);
        seconds.add(s);
        return s;
    }

    /** The CDs of a stream. */
    private final class ContextWriter {
        private final Stream stream;
        private final SecondStage second;
        private final long offset;

        ContextWriter(Stream stream, SecondStage second) {
            this.stream = stream;
            this.second = second;
            this.offset = second == null ? 0 : second.offset;
        }

        void write() {
            int most = machine.substreamBits();
            int log2 = most == 0 || draw.once(2) ? 0 : Math.min(most, 1 + draw.below(12));
            int fmt = !machine.twoLevelContexts() || log2 > 0 && draw.once(2) ? draw.of(0, 3) : draw.of(1, 2);
            stream.words[0] |= (long) fmt << 4 | (long) log2 << 59;
            boolean twoLevel = fmt == 1 || fmt == 2;
            int leafBits = fmt == 1 ? 6 : 10;
            long bytes = log2 > 0 && twoLevel ? Math.max(64, 8L << Math.max(0, log2 - leafBits)) : 64L << log2;
            long table = cds.allocate(bytes, bytes);
            stream.words[0] |= table + offset;
            use(table);
            for (int i = 0; i < (log2 == 0 ? 1 : 3); i++) {
                int index = i == 0 || log2 == 0 ? 0 : draw.below(1 << log2);
                long at = table + index * 64L;
                if (log2 > 0 && twoLevel) {
                    at = leaf(table + (index >>> leafBits) * 8L, leafBits) + (index & (1 << leafBits) - 1) * 64L;
                }
                use(at);
                Context c = context();
                for (int w = 0; w < 8; w++) {
                    cds.put(at + w * 8L, c.words[w]);
                }
                stream.visits.add(new Stream.Visit(index, c.inputs));
                if (index == 0) {
                    stream.visits.add(new Stream.Visit(Transaction.NO_SUBSTREAM, c.inputs));
                }
            }
        }

        /** The table of CDs behind an L1CD. */
        private long leaf(long l1, int leafBits) {
            use(l1);
            long old = memory.readLong(l1);
            if (old != 0) {
                return (ReferenceRegisters.bits(old, 55, 12) << 12) - offset;
            }
            long leaf = cds.allocate(64L << leafBits, 64L << leafBits);
            cds.put(l1, leaf + offset | 1);
            return leaf;
        }

        private void use(long at) {
            if (second != null) {
                second.use(at + offset);
            }
        }

        private Context context() {
            ReferenceSte ste = new ReferenceSte(stream.words, machine);
            List<Context> fitting = contexts.stream()
                    .filter(c -> c.second == second && c.oneHalf == ste.oneHalf())
                    .toList();
            boolean must = cached && ste.oneHalf() || oneContext;
            if (!fitting.isEmpty() && (must || draw.once(3))) {
                return draw.of(fitting);
            }
            TableWriter.Style style = cached && !oneContext ? TableWriter.Style.FIRST_LOCAL : TableWriter.Style.FIRST;
            int asid = cached ? contexts.size() + 1 : draw.below(machine.asid16() ? 0x1_0000 : 0x100);
            Context c = new Context(draw, machine, memory, first, ste, second, asid, updates, style);
            contexts.add(c);
            return c;
        }
    }

    /** Changes something that is not legal, perhaps. */
    private void mutate(Stream s) {
        if (!draw.once(5)) {
            return;
        }
        ReferenceSte ste = new ReferenceSte(s.words, machine);
        if (!cached) {
            s.words[draw.of(0, 0, 1, 1, 2, 3)] ^= 1L << draw.below(64);
        } else if (!ste.el2()) {
            // Neither S2FWB nor STRW; what could lead to another stream's CD only where that is local.
            int bit = oneContext
                    ? draw.of(0, 1, 2, 3, 64, 65, 91, 92, 93, 112, 113, 114, 115)
                    : draw.of(0, 1, 2, 3, 4, 5, 59, 60, 61, 62, 63, 64, 65, 91, 92, 93, 112, 113, 114, 115);
            s.words[bit >>> 6] ^= 1L << (bit & 63);
            if (new ReferenceSte(s.words, machine).el2()) {
                s.words[1] &= ~(3L << 30);
            }
            if (bit > 0 && bit < 4) {
                // With or without stage 2 it is another address space.
                s.words[2] = s.words[2] & ~0xFFFFL | 200 + streams.size();
            }
        }
    }

    /** Puts an STE where the machine will find it, in a two-level table with the L1STD it needs. */
    private void place(Stream s) {
        long base = ReferenceRegisters.bits(machine.base(), 55, 20) << 20;
        long at = base + s.id * 64L;
        if (machine.twoLevelStreams() && ReferenceRegisters.bits(machine.cfg(), 17, 16) == 1) {
            int code = (int) ReferenceRegisters.bits(machine.cfg(), 10, 6);
            int split = code == 8 || code == 10 ? code : 6;
            long l1 = base + (s.id >>> split) * 8L;
            long l1std = memory.readLong(l1);
            if (l1std == 0) {
                long array = stes.allocate(64L << split, 64L << split);
                int span = draw.once(8) ? draw.below(32) : draw.once(4) ? draw.below(split + 2) : split + 1;
                l1std = array | span;
                stes.put(l1, l1std);
            }
            at = (l1std & 0xF_FFFF_FFFF_FFC0L) + (s.id & (1 << split) - 1) * 64L;
        }
        for (int w = 0; w < 8; w++) {
            if (s.words[w] != 0) {
                stes.put(at + w * 8L, s.words[w]);
            }
        }
    }

    /** Lets software change a few descriptors, or a structure where no cache would mind. */
    void change() {
        for (int i = draw.below(6); i > 0; i--) {
            List<Long> places = (draw.once(3) ? secondTables : first).places;
            if (!cached && draw.once(4)) {
                places = (draw.once(2) ? cds : stes).places;
            }
            if (places.isEmpty()) {
                continue;
            }
            long at = draw.of(places);
            // nG is bit 11, or bit 51 of a big-endian word.
            long flip = 1L << draw.below(64) & ~(1L << 11 | 1L << 51);
            boolean copies = draw.once(8) && !(cached && !oneContext);
            memory.writeLong(at, copies ? memory.readLong(draw.of(places)) : memory.readLong(at) ^ flip);
        }
    }

    /** CFGI_ALL, TLBI_NSNH_ALL, TLBI_EL2_ALL where there is EL2, SYNC. */
    void invalidate() {
        command(0x04, 0x1F);
        command(0x30, 0);
        if (machine.hyp()) {
            command(0x20, 0);
        }
        command(0x46, 0);
    }

    void command(long word0, long word1) {
        long at = COMMANDS + (produced & (1 << QUEUE_LOG2) - 1) * 16L;
        memory.writeLong(at, word0);
        memory.writeLong(at + 8, word1);
        produced = produced + 1 & (2 << QUEUE_LOG2) - 1;
        smmu.writeRegister(0x98, 4, produced);
        if (smmu.readRegister(0x60, 4) != 0) {
            throw new IllegalStateException("global error after a command");
        }
    }

    /** Takes the records off the event queue. */
    List<long[]> events() {
        List<long[]> records = new ArrayList<>();
        int mask = (2 << QUEUE_LOG2) - 1;
        int producer = (int) smmu.readRegister(0x100A8, 4) & mask;
        int consumer = (int) smmu.readRegister(0x100AC, 4) & mask;
        for (; consumer != producer; consumer = consumer + 1 & mask) {
            long at = EVENTS + (consumer & mask >>> 1) * 32L;
            long[] words = new long[4];
            for (int i = 0; i < words.length; i++) {
                words[i] = memory.readLong(at + i * 8L);
            }
            records.add(words);
        }
        smmu.writeRegister(0x100AC, 4, producer);
        return records;
    }

    @Override
    public void close() {
        memory.close();
    }
}
