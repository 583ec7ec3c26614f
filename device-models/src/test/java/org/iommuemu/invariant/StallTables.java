// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/** The structures of {@link StallWorld}: streams of one first stage each, with CD.S, and what is mapped in them. */
final class StallTables {
    private static final TableFormat FORMAT = Aarch64Stage1.format(12, false);
    private static final int COMMANDS_LOG2 = 6;
    private static final int EVENTS_LOG2 = 2;
    private static final int STREAMS_LOG2 = 4;
    private static final int REGION = 48;
    private static final int SIZE_48_BITS = 5;
    private static final long FRAMES = 1L << 40;
    private static final long INPUT = 0x4000_0000L;
    private static final long PAGE = 4096;
    private static final long UNMAPPED = -1;

    private final PhysicalMemory memory;
    private final SmmuV3 smmu;
    private final PageAllocator pages = new PageAllocator(1L << 28);
    private final long commands = pages.allocate(16L << COMMANDS_LOG2, 16L << COMMANDS_LOG2);
    private final long events = pages.allocate((long) Event.BYTES << EVENTS_LOG2, (long) Event.BYTES << EVENTS_LOG2);
    private final TableBuilder[] builders = new TableBuilder[StallWorld.STREAMS];
    private final long[][] outputs = new long[StallWorld.STREAMS][StallWorld.PAGES];
    private final boolean[][] writable = new boolean[StallWorld.STREAMS][StallWorld.PAGES];
    private long frames = FRAMES;
    private int producer;
    private int consumer;

    StallTables(PhysicalMemory memory, SmmuV3 smmu) {
        this.memory = memory;
        this.smmu = smmu;
    }

    static long input(int page) {
        return INPUT + page * PAGE;
    }

    static int page(long input) {
        return (int) ((input - INPUT) / PAGE);
    }

    private void write(Register r, long value) {
        smmu.writeRegister(r.offset(), r.bytes(), value);
    }

    private long read(Register r) {
        return smmu.readRegister(r.offset(), r.bytes());
    }

    void start() {
        long streams = pages.allocate((long) Ste.BYTES << STREAMS_LOG2, (long) Ste.BYTES << STREAMS_LOG2);
        for (int s = 0; s < StallWorld.STREAMS; s++) {
            builders[s] = new TableBuilder(memory, pages, FORMAT, REGION);
            Arrays.fill(outputs[s], UNMAPPED);
            long context = pages.allocate(Cd.BYTES, Cd.BYTES);
            put(context, context(s));
            long[] ste = new long[Ste.WORDS];
            Ste.V.set(ste, 1);
            Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1);
            Ste.S1_CONTEXT_PTR.setInPlace(ste, context);
            put(streams + (long) s * Ste.BYTES, ste);
        }
        write(Registers.STRTAB_BASE, Registers.STRTAB_ADDR.inPlace(streams));
        write(Registers.STRTAB_BASE_CFG, Registers.STRTAB_LOG2SIZE.of(STREAMS_LOG2));
        write(Registers.CMDQ_BASE, Registers.QUEUE_ADDR.inPlace(commands) | Registers.QUEUE_LOG2SIZE.of(COMMANDS_LOG2));
        write(Registers.EVENTQ_BASE, Registers.QUEUE_ADDR.inPlace(events) | Registers.QUEUE_LOG2SIZE.of(EVENTS_LOG2));
        write(Registers.CR2, Registers.RECINVSID.of(1));
        enable(true);
    }

    private long[] context(int stream) {
        long[] cd = new long[Cd.WORDS];
        Cd.V.set(cd, 1);
        Cd.AA64.set(cd, 1);
        Cd.T0SZ.set(cd, Long.SIZE - REGION);
        Cd.EPD1.set(cd, 1);
        Cd.IPS.set(cd, SIZE_48_BITS);
        Cd.S.set(cd, 1);
        Cd.R.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.ASID.set(cd, stream + 1);
        Cd.TTB0.setInPlace(cd, builders[stream].root());
        Cd.MAIR.set(cd, 0xFF);
        return cd;
    }

    private void put(long address, long[] words) {
        for (int i = words.length - 1; i >= 0; i--) {
            memory.writeLong(address + (long) i * Long.BYTES, words[i]);
        }
    }

    void enable(boolean on) {
        write(Registers.CR0, Registers.CMDQEN.of(1) | Registers.EVENTQEN.of(1) | Registers.SMMUEN.of(on ? 1 : 0));
    }

    /** Where a page is, or −1 if it is not mapped so that it can be accessed. */
    long output(int stream, int page, boolean write) {
        return write && !writable[stream][page] ? UNMAPPED : outputs[stream][page];
    }

    void map(int stream, int page, boolean mayWrite) {
        if (outputs[stream][page] != UNMAPPED) {
            return;
        }
        frames += PAGE;
        outputs[stream][page] = frames;
        writable[stream][page] = mayWrite;
        builders[stream].map(input(page), frames, mayWrite ? TableBuilder.READ_WRITE : TableBuilder.READ_ONLY);
    }

    void unmap(int stream, int page) {
        outputs[stream][page] = UNMAPPED;
        builders[stream].unmap(input(page), 0);
        command(
                Command.OPCODE.of(Command.TLBI_NH_VA.opcode()) | Command.ASID.of(stream + 1),
                Command.ADDRESS.inPlace(input(page)) | Command.LEAF.of(1));
    }

    /** 0 tries again, 1 ends without effect, 2 ends with an abort. */
    void resume(int stream, int tag, int action) {
        command(
                Command.OPCODE.of(Command.RESUME.opcode())
                        | Command.SID.of(stream)
                        | Command.AC.of(action == 0 ? 1 : 0)
                        | Command.AB.of(action == 2 ? 1 : 0),
                Command.STAG.of(tag));
    }

    void terminate(int stream) {
        command(Command.OPCODE.of(Command.STALL_TERM.opcode()) | Command.SID.of(stream), 0);
    }

    private void command(long word0, long word1) {
        send(word0, word1);
        send(Command.OPCODE.of(Command.SYNC.opcode()), 0);
        write(Registers.CMDQ_PROD, producer);
        if (smmu.commandQueue().consumer() != producer) {
            throw new Violation(Invariant.EVERYTHING_ENDS, "a command has stopped the queue");
        }
    }

    private void send(long word0, long word1) {
        long at = commands + (long) (producer & (1 << COMMANDS_LOG2) - 1) * Command.BYTES;
        memory.writeLong(at, word0);
        memory.writeLong(at + Long.BYTES, word1);
        producer = producer + 1 & (2 << COMMANDS_LOG2) - 1;
    }

    boolean isOverflowing() {
        return Registers.OVERFLOW.get(read(Registers.EVENTQ_PROD))
                != Registers.OVERFLOW.get(read(Registers.EVENTQ_CONS));
    }

    /** Takes the events that are there now; there is room for others only then. */
    List<long[]> takeEvents() {
        List<long[]> all = new ArrayList<>();
        long end = read(Registers.EVENTQ_PROD);
        int wrap = (2 << EVENTS_LOG2) - 1;
        for (; consumer != (Registers.QUEUE_INDEX.getInt(end) & wrap); consumer = consumer + 1 & wrap) {
            long at = events + (long) (consumer & (1 << EVENTS_LOG2) - 1) * Event.BYTES;
            long[] event = new long[Event.WORDS];
            for (int i = 0; i < event.length; i++) {
                event[i] = memory.readLong(at + (long) i * Long.BYTES);
            }
            all.add(event);
        }
        write(Registers.EVENTQ_CONS, consumer | end & Registers.OVERFLOW.mask());
        return all;
    }
}
