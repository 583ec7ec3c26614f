// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import org.iommuemu.bits.Register;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * An SMMUv3 with every modelled feature: a linear stream table, a CD and four levels of 4 KiB tables for each stream, queues, and
 * then the enables. Stream {@code s} has ASID {@code s + 1}, of {@code n} PASIDs {@code p} ASID {@code s n + p + 1}.
 */
final class SmmuMachine extends BenchmarkMachine {
    private static final int INPUT_BITS = 48;
    private static final int GRANULE_SHIFT = 12;
    private static final int S2_START_LEVEL_0 = 2;
    /** Normal write-back, readable and writable, inner shareable, accessed. */
    private static final long S2_LEAF = 0x7FC;

    private static final int QUEUE_LOG2 = 12;
    private static final int QUEUE_ENTRY_BYTES = 32;
    private static final int IPS_48 = 5;
    private static final long WRITE_BACK = 0xFF;

    private final SmmuV3 smmu;
    private final Workload workload;
    private final SmmuCommands commands;

    SmmuMachine(Workload workload) {
        super(workload);
        this.workload = workload;
        smmu = new SmmuV3(memory(), SmmuFeatures.full(), workload.caches(), line -> {});
        int streams = workload.streams();
        int log2Streams = 32 - Integer.numberOfLeadingZeros(streams - 1);
        long streamTable = allocator().allocate((long) Ste.BYTES << log2Streams, (long) Ste.BYTES << log2Streams);
        long[] cds = new long[streams];
        for (int stream = 0; stream < streams; stream++) {
            cds[stream] = writeCds(stream);
        }
        long second =
                workload.isNested() ? mapToItself(tables(Aarch64Stage2.format(GRANULE_SHIFT, false), S2_LEAF)) : 0;
        for (int stream = 0; stream < streams; stream++) {
            writeSte(streamTable + (long) stream * Ste.BYTES, cds[stream], second);
        }
        long queue = allocateQueue();
        bringUp(streamTable, log2Streams, queue);
        commands = new SmmuCommands(memory(), smmu, queue, QUEUE_LOG2);
    }

    /** ASID of a stream without PASIDs. */
    static int asid(int stream) {
        return stream + 1;
    }

    /** The CD of a stream, or a linear table with those of its PASIDs. */
    private long writeCds(int stream) {
        int count = workload.spaces();
        long[] roots = new long[count];
        for (int i = 0; i < count; i++) {
            roots[i] = mapPages(tables(Aarch64Stage1.format(GRANULE_SHIFT, false), TableBuilder.READ_WRITE));
        }
        long first = allocator().allocate((long) Cd.BYTES * count, (long) Cd.BYTES * count);
        for (int i = 0; i < count; i++) {
            writeCd(first + (long) i * Cd.BYTES, asid(stream * count + i), roots[i]);
        }
        return first;
    }

    private Tables tables(TableFormat format, long attributes) {
        TableBuilder builder = new TableBuilder(memory(), allocator(), format, INPUT_BITS);
        return new Tables() {
            @Override
            public void map(long address, long physical) {
                builder.map(address, physical, attributes);
            }

            @Override
            public long root() {
                return builder.root();
            }
        };
    }

    private void writeCd(long at, int asid, long table) {
        long[] cd = new long[Cd.WORDS];
        Cd.V.set(cd, 1);
        Cd.AA64.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.R.set(cd, workload.isRecorded() ? 1 : 0);
        Cd.ASID.set(cd, asid);
        Cd.T0SZ.set(cd, 64 - INPUT_BITS);
        Cd.EPD1.set(cd, 1);
        Cd.IPS.set(cd, IPS_48);
        Cd.TTB0.setInPlace(cd, table);
        Cd.MAIR.set(cd, WRITE_BACK);
        write(at, cd);
    }

    private void writeSte(long at, long cd, long second) {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1 | (second == 0 ? 0 : Ste.CONFIG_STAGE_2));
        Ste.S1_CONTEXT_PTR.setInPlace(ste, cd);
        Ste.S1CDMAX.set(ste, 31 - Integer.numberOfLeadingZeros(workload.spaces()));
        Ste.EATS.set(ste, workload.isAts() ? Ste.EATS_FULL : 0);
        if (second != 0) {
            Ste.S2T0SZ.set(ste, 64 - INPUT_BITS);
            Ste.S2SL0.set(ste, S2_START_LEVEL_0);
            Ste.S2PS.set(ste, IPS_48);
            Ste.S2AA64.set(ste, 1);
            Ste.S2R.set(ste, 1);
            Ste.S2TTB.setInPlace(ste, second);
        }
        write(at, ste);
    }

    /** The order of IHI 0070 §6.3.9: tables and queues first, enables last. */
    private void bringUp(long streamTable, int log2Streams, long commandQueue) {
        write(Registers.STRTAB_BASE, Registers.STRTAB_ADDR.inPlace(streamTable));
        write(Registers.STRTAB_BASE_CFG, Registers.STRTAB_LOG2SIZE.of(log2Streams));
        write(Registers.CMDQ_BASE, queue(commandQueue));
        write(Registers.EVENTQ_BASE, queue(allocateQueue()));
        write(Registers.CR0, Registers.CMDQEN.of(1) | Registers.EVENTQEN.of(1));
        write(Registers.CR0, Registers.CMDQEN.of(1) | Registers.EVENTQEN.of(1) | Registers.SMMUEN.of(1));
    }

    private long allocateQueue() {
        long bytes = (long) QUEUE_ENTRY_BYTES << QUEUE_LOG2;
        return allocator().allocate(bytes, bytes);
    }

    private static long queue(long at) {
        return Registers.QUEUE_ADDR.inPlace(at) | Registers.QUEUE_LOG2SIZE.of(QUEUE_LOG2);
    }

    private void write(Register register, long value) {
        smmu.writeRegister(register.offset(), register.bytes(), value);
    }

    @Override
    Iommu iommu() {
        return smmu;
    }

    @Override
    Invalidation invalidation() {
        return commands;
    }

    @Override
    void observe(StructureObserver onStructure, WalkObserver onDescriptor) {
        smmu.observe(onStructure, onDescriptor);
    }

    @Override
    TranslationUnit unit() {
        return smmu.unit();
    }

    @Override
    int recordRoom() {
        return 1 << QUEUE_LOG2;
    }

    /** Moves the consumer index of the event queue. */
    @Override
    void takeRecords() {
        write(Registers.EVENTQ_CONS, smmu.readRegister(Registers.EVENTQ_PROD.offset(), 4));
    }

    @Override
    long recorded() {
        return smmu.statistics().recorded(Event.F_TRANSLATION);
    }

    @Override
    long lost() {
        return smmu.statistics().eventsOverflowed() + smmu.statistics().eventsDiscarded();
    }
}
