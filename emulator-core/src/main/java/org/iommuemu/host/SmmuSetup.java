// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.PriEntry;
import org.iommuemu.smmuv3.spec.Registers;
import org.jspecify.annotations.Nullable;

/**
 * An SMMU that is up, with the structures and queues that its driver has for it: by the steps of Linux' {@code arm_smmu_device_probe}.
 * Interrupts come by wire.
 */
final class SmmuSetup {
    private static final long STRUCTURES = 1L << 28;

    private final SmmuHardware hardware;
    private final StageLayout stages;
    private final SmmuOptions options;
    private final boolean trusting;
    private final boolean telling;
    private final PhysicalMemory memory;
    private final PageAllocator pages = new PageAllocator(STRUCTURES);
    private final SmmuTables tables;
    private final SmmuStructures structures;
    private final SmmuStreamTable streams;
    private final CommandSender commands;
    private final SmmuInvalidations invalidations;
    private final SmmuStructureWriter writer;
    private final OutputQueue events;
    private final @Nullable OutputQueue requests;

    /**
     * Brings an SMMU up.
     *
     * @param trusting whether every device may use ATS; then there are no interrupts, and the stream table covers all StreamIDs
     * @param telling whether devices that may use ATS are told of invalidations
     * @throws IllegalArgumentException if the SMMU does not have the stages or pages
     */
    SmmuSetup(
            RegisterFrame smmu,
            PhysicalMemory memory,
            StageLayout stages,
            SmmuOptions options,
            Patience patience,
            boolean trusting,
            boolean telling) {
        hardware = SmmuHardware.read(smmu);
        int page = options.pageShift();
        hardware.check(stages, page);
        if (stages == StageLayout.NESTED && page != GuestMemory.GRANULE) {
            throw new IllegalArgumentException("a guest's memory has pages of 2^" + page + " bytes, expected 2^12");
        }
        this.stages = stages;
        this.options = options;
        this.trusting = trusting;
        this.telling = telling;
        this.memory = memory;
        tables = SmmuTables.of(page, hardware.intermediateBits());
        structures = new SmmuStructures(hardware, tables, options.release());
        streams = new SmmuStreamTable(memory, pages, hardware, trusting, structures.refused());

        SmmuReset reset = new SmmuReset(smmu, patience);
        reset.disable();
        reset.configure(streams);
        commands = new CommandSender(smmu, memory, pages, patience, hardware.queueLog2(Idr.CMDQS, Command.BYTES, page));
        reset.enable(Registers.CMDQEN.of(1));
        invalidations = new SmmuInvalidations(commands, page, hardware.hasRangeInvalidation());
        writer = new SmmuStructureWriter(memory, invalidations, options.release());
        invalidations.everything(hardware.hasHypervisor());
        events = newEventQueue(smmu);
        reset.enable(Registers.EVENTQEN.of(1));
        requests = hardware.hasPageRequests() ? newRequestQueue(smmu) : null;
        if (requests != null) {
            reset.enable(Registers.PRIQEN.of(1));
        }
        if (hardware.hasAts() && !trusting) {
            reset.enable(Registers.ATSCHK.of(1));
        }
        if (!trusting) {
            reset.enableInterrupts(requests != null);
        }
        reset.enable(Registers.SMMUEN.of(1));
    }

    private OutputQueue newEventQueue(RegisterFrame smmu) {
        return new OutputQueue(
                smmu,
                pages,
                Registers.EVENTQ_BASE,
                Registers.EVENTQ_PROD,
                Registers.EVENTQ_CONS,
                Event.BYTES,
                hardware.queueLog2(Idr.EVENTQS, Event.BYTES, options.pageShift()));
    }

    private OutputQueue newRequestQueue(RegisterFrame smmu) {
        return new OutputQueue(
                smmu,
                pages,
                Registers.PRIQ_BASE,
                Registers.PRIQ_PROD,
                Registers.PRIQ_CONS,
                PriEntry.BYTES,
                hardware.queueLog2(Idr.PRIQS, PriEntry.BYTES, options.pageShift()));
    }

    SmmuHardware hardware() {
        return hardware;
    }

    StageLayout stages() {
        return stages;
    }

    LinuxRelease release() {
        return options.release();
    }

    int pageShift() {
        return options.pageShift();
    }

    /** Whether every device may use ATS. */
    boolean trustsDevices() {
        return trusting;
    }

    /** Whether devices that may use ATS are told of invalidations. */
    boolean tellsDevices() {
        return telling;
    }

    PhysicalMemory memory() {
        return memory;
    }

    PageAllocator pages() {
        return pages;
    }

    SmmuTables tables() {
        return tables;
    }

    SmmuStructures structures() {
        return structures;
    }

    SmmuStreamTable streams() {
        return streams;
    }

    CommandSender commands() {
        return commands;
    }

    SmmuInvalidations invalidations() {
        return invalidations;
    }

    SmmuStructureWriter writer() {
        return writer;
    }

    OutputQueue events() {
        return events;
    }

    /** The page requests, if the SMMU has any. */
    @Nullable
    OutputQueue requests() {
        return requests;
    }

    /** Page tables of a first stage in the host's memory. */
    PageTables newFirstTables() {
        return new PageTables(tables.first(), memory, pages, 0);
    }

    /** Page tables of a second stage. */
    PageTables newSecondTables() {
        return new PageTables(tables.second(), memory, pages, 0);
    }
}
