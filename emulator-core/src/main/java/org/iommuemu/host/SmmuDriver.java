// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.bits.Register;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.PriEntry;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * Drives an SMMUv3 as Linux does, with tables of 4 KiB granules and 48-bit addresses: two-level stream table, strict invalidation by range.
 * Devices may use ATS; their caches are not invalidated, and page requests are taken but not answered. Structures and tables are in memory
 * from 256 MiB on, those of guests from 64 TiB on.
 */
public final class SmmuDriver extends StreamDriver<SmmuDevice> {
    /** VMIDs and ASIDs have 16 bits. */
    private static final int MOST_STREAMS = 0xFFFF;

    private static final long STRUCTURES = 1L << 28;
    private static final int STREAM_BITS = 32;
    private static final int SPLIT = 8;
    private static final int TWO_LEVEL = 1;
    private static final int EVENT_QUEUE_LOG2 = 10;
    private static final int PAGE_QUEUE_LOG2 = 10;

    private final SmmuV3 smmu;
    private final PhysicalMemory memory;
    private final StageLayout stages;
    private final PageAllocator pages = new PageAllocator(STRUCTURES);
    private final CommandSender commands;
    private final long streamTable;
    private int asids;

    /**
     * Brings a machine up that is in reset: no device is translated for yet, all are refused.
     *
     * @param stages which stages devices get
     */
    public SmmuDriver(SmmuV3 smmu, PhysicalMemory memory, StageLayout stages) {
        super(SmmuTables.ADDRESS_BITS, MOST_STREAMS);
        this.smmu = smmu;
        this.memory = memory;
        this.stages = stages;
        long tableBytes = (long) L1Std.BYTES << STREAM_BITS - SPLIT;
        streamTable = pages.allocate(tableBytes, tableBytes);
        write(Registers.STRTAB_BASE, Registers.STRTAB_ADDR.inPlace(streamTable));
        write(
                Registers.STRTAB_BASE_CFG,
                Registers.STRTAB_FMT.of(TWO_LEVEL)
                        | Registers.STRTAB_SPLIT.of(SPLIT)
                        | Registers.STRTAB_LOG2SIZE.of(STREAM_BITS));
        commands = new CommandSender(smmu, memory, pages);
        long eventBytes = (long) Event.BYTES << EVENT_QUEUE_LOG2;
        write(
                Registers.EVENTQ_BASE,
                Registers.QUEUE_ADDR.inPlace(pages.allocate(eventBytes, eventBytes))
                        | Registers.QUEUE_LOG2SIZE.of(EVENT_QUEUE_LOG2));
        long pageBytes = (long) PriEntry.BYTES << PAGE_QUEUE_LOG2;
        write(
                Registers.PRIQ_BASE,
                Registers.QUEUE_ADDR.inPlace(pages.allocate(pageBytes, pageBytes))
                        | Registers.QUEUE_LOG2SIZE.of(PAGE_QUEUE_LOG2));
        write(Registers.CR2, Registers.RECINVSID.of(1));
        long queues = Registers.CMDQEN.of(1) | Registers.EVENTQEN.of(1) | Registers.PRIQEN.of(1);
        write(Registers.CR0, queues);
        write(Registers.CR0, queues | Registers.SMMUEN.of(1));
    }

    private void write(Register register, long value) {
        smmu.writeRegister(register.offset(), register.bytes(), value);
    }

    @Override
    SmmuDevice create(int stream, int number) {
        return new SmmuDevice(this, stream, number);
    }

    /** Where a stream's entry is; the table that it is in is made if it does not exist. */
    long streamEntry(int stream) {
        long index = Integer.toUnsignedLong(stream);
        long first = streamTable + (index >>> SPLIT) * L1Std.BYTES;
        if (memory.readLong(first) == 0) {
            long bytes = (long) Ste.BYTES << SPLIT;
            memory.writeLong(first, L1Std.L2_PTR.inPlace(pages.allocate(bytes, bytes)) | L1Std.SPAN.of(SPLIT + 1L));
        }
        return L1Std.L2_PTR.inPlace(memory.readLong(first)) + (index & (1 << SPLIT) - 1) * Ste.BYTES;
    }

    /** An ASID that no other address space has. */
    int newAsid() {
        if (asids == MOST_STREAMS) {
            throw new IllegalArgumentException("more address spaces than ASIDs, expected at most " + MOST_STREAMS);
        }
        return ++asids;
    }

    PhysicalMemory memory() {
        return memory;
    }

    PageAllocator pages() {
        return pages;
    }

    CommandSender commands() {
        return commands;
    }

    StageLayout stages() {
        return stages;
    }

    @Override
    public void takeFaults() {
        takeAll(Registers.EVENTQ_PROD, Registers.EVENTQ_CONS);
    }

    @Override
    public void takePageRequests() {
        takeAll(Registers.PRIQ_PROD, Registers.PRIQ_CONS);
    }

    private void takeAll(Register producer, Register consumer) {
        write(consumer, smmu.readRegister(producer.offset(), producer.bytes()));
    }
}
