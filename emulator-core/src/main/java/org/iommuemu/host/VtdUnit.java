// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.function.Consumer;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.EventRegisters;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/**
 * A unit that has been brought up, with its queues and tables: found, given an invalidation queue, interrupts remapped, then translation,
 * each step in the register accesses of Linux.
 */
final class VtdUnit {
    private static final int SCALABLE = 1;
    private static final long INTERRUPT_WINDOW = 0xFEE0_0000L;
    private static final int DESTINATION_SHIFT = 12;
    private static final int LOGICAL = 1 << 2;
    private static final int FAULT_VECTOR = 0x20;
    private static final int PAGE_REQUEST_VECTOR = 0x21;

    private final RegisterFrame registers;
    private final PhysicalMemory memory;
    private final PageAllocator pages;
    private final VtdOptions options;
    private final VtdFeatures features;
    private final GlobalCommands commands;
    private final VtdFaults records;
    private final DescriptorSender queue;
    private final VtdInvalidations invalidations;
    private final @Nullable VtdInterrupts interrupts;
    private final VtdContexts contexts;
    private final @Nullable VtdPageQueue pageQueue;

    /**
     * Brings a unit up that is in reset.
     *
     * @param features as {@link #detect} has found them
     * @param pages for its structures
     * @param boot what the kernel does once interrupts are remapped and before anything is translated, on units that remap interrupts
     */
    VtdUnit(
            RegisterFrame registers,
            VtdFeatures features,
            PhysicalMemory memory,
            PageAllocator pages,
            VtdOptions options,
            Patience patience,
            Consumer<VtdInterrupts> boot) {
        this.registers = registers;
        this.features = features;
        this.memory = memory;
        this.pages = pages;
        this.options = options;
        commands = new GlobalCommands(registers, patience);
        records = new VtdFaults(registers, features);

        // What firmware may have left: a unit in reset has no faults, and nothing is on.
        read(registers, VtdRegisters.GSTS);
        takeFaults(FaultListener.NONE);
        read(registers, VtdRegisters.GSTS);
        // Where there are descriptors of 256 bits, Linux uses them in legacy mode too.
        boolean wide = features.hasExtended(ExtendedCapability.SMTS);
        queue = new DescriptorSender(registers, memory, pages, wide, patience);
        commands.enable(VtdRegisters.QIE);
        invalidations = new VtdInvalidations(queue, features, options.release());

        interrupts = features.hasExtended(ExtendedCapability.IR) ? remapInterrupts() : null;
        boolean early = interrupts != null && options.release().raisesFaultsEarly();
        if (early) {
            raise(VtdRegisters.FAULT_EVENT, FAULT_VECTOR);
            takeFaults(FaultListener.NONE);
            write(registers, VtdRegisters.FSTS, read(registers, VtdRegisters.FSTS));
        }
        if (interrupts != null) {
            boot.accept(interrupts);
        }

        read(registers, VtdRegisters.GSTS);
        contexts = new VtdContexts(memory, pages, options.scalable());
        write(
                registers,
                VtdRegisters.RTADDR,
                VtdRegisters.RTA.inPlace(contexts.root()) | VtdRegisters.TTM.of(options.scalable() ? SCALABLE : 0));
        commands.latch(VtdRegisters.SRTP);
        if (!features.has(Capability.ESRTPS)) {
            invalidations.everything(options.scalable());
        }
        if (hasPageRequests()) {
            raise(VtdRegisters.PAGE_REQUEST_EVENT, PAGE_REQUEST_VECTOR);
        }
        pageQueue = hasPageRequests() ? new VtdPageQueue(registers, memory, pages) : null;
        if (!early) {
            raise(VtdRegisters.FAULT_EVENT, FAULT_VECTOR);
        }
        commands.enable(VtdRegisters.TE);
        if (features.has(Capability.PLMR) || features.has(Capability.PHMR)) {
            commands.endProtectedMemory();
        }
    }

    /** As in {@code intel_enable_irq_remapping}. */
    private VtdInterrupts remapInterrupts() {
        read(registers, VtdRegisters.GSTS);
        VtdInterrupts made = new VtdInterrupts(
                memory, pages, invalidations, options.release().namesProcessorsByBits());
        write(registers, VtdRegisters.IRTA, made.register());
        commands.latch(VtdRegisters.SIRTP);
        if (!features.has(Capability.ESIRTPS)) {
            invalidations.interrupts();
            invalidations.complete();
        }
        commands.enable(VtdRegisters.IRE);
        if (options.compatibleInterrupts()) {
            commands.enable(VtdRegisters.CFI);
        }
        return made;
    }

    /** Lets an event of the unit send a message to the first processor, and no longer masks it. Linux says twice where to. */
    private void raise(EventRegisters event, int vector) {
        long destination = options.release().namesProcessorsByBits() ? 1 << DESTINATION_SHIFT | LOGICAL : 0;
        for (int i = 0; i < 2; i++) {
            write(registers, event.data(), vector);
            write(registers, event.address(), INTERRUPT_WINDOW | destination);
            write(registers, event.upperAddress(), 0);
        }
        write(registers, event.control(), 0);
        read(registers, event.control());
    }

    /** What a unit can do. Linux reads it when it finds the unit, and again when it takes it. */
    static VtdFeatures detect(RegisterFrame registers) {
        read(registers, VtdRegisters.CAP);
        read(registers, VtdRegisters.ECAP);
        long cap = read(registers, VtdRegisters.CAP);
        long ecap = read(registers, VtdRegisters.ECAP);
        return new VtdFeatures(read(registers, VtdRegisters.VER), cap, ecap);
    }

    static long read(RegisterFrame registers, Register register) {
        return registers.readRegister(register.offset(), register.bytes());
    }

    static void write(RegisterFrame registers, Register register, long value) {
        registers.writeRegister(register.offset(), register.bytes(), value);
    }

    VtdFeatures features() {
        return features;
    }

    boolean hasPageRequests() {
        return options.scalable() && features.hasExtended(ExtendedCapability.PRS);
    }

    /** Whether the unit keeps what is not there in its caches too. */
    boolean cachesMisses() {
        return features.has(Capability.CM);
    }

    /** Makes sure that the unit sees what was written, if it wants to be asked (CAP.RWBF). */
    void flushWriteBuffer() {
        if (features.has(Capability.RWBF)) {
            commands.flushWriteBuffer();
        }
    }

    VtdContexts contexts() {
        return contexts;
    }

    VtdInvalidations invalidations() {
        return invalidations;
    }

    /** The interrupt remapping table. */
    VtdInterrupts interrupts() {
        if (interrupts == null) {
            throw new IllegalArgumentException("an interrupt is mapped, expected a unit that remaps interrupts");
        }
        return interrupts;
    }

    /** Serves the fault event: errors of the queue, then fault records. */
    void faultEvent(FaultListener listener) {
        long status = read(registers, VtdRegisters.FSTS);
        if ((status & DescriptorSender.ERRORS) != 0) {
            queue.recover();
        }
        records.take(status, listener);
    }

    void takeFaults(FaultListener listener) {
        records.take(read(registers, VtdRegisters.FSTS), listener);
    }

    void takePageRequests(PageRequestService service) {
        if (pageQueue != null) {
            pageQueue.take(service);
        }
    }
}
