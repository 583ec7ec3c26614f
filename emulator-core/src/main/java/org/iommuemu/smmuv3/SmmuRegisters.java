// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.AtcInvalidations;
import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;

/** What writes to the registers do: updates and acknowledgements, guards, queue indexes (IHI 0070 §6.3). */
final class SmmuRegisters {
    private final RegisterFile file;
    private final SmmuFeatures features;
    private final TranslationUnit unit;
    private final CommandQueue commands;
    private final EventQueue events;
    private final PageRequests pages;
    private final StalledTransactions stalls;
    private final AtcInvalidations atcs;

    SmmuRegisters(
            RegisterFile file,
            SmmuFeatures features,
            TranslationUnit unit,
            CommandQueue commands,
            EventQueue events,
            PageRequests pages,
            StalledTransactions stalls,
            AtcInvalidations atcs) {
        this.file = file;
        this.features = features;
        this.unit = unit;
        this.commands = commands;
        this.events = events;
        this.pages = pages;
        this.stalls = stalls;
        this.atcs = atcs;
        bindControls();
        bindMessages(
                Registers.GERROR_IRQEN,
                Registers.GERROR_IRQ_CFG0,
                Registers.GERROR_IRQ_CFG1,
                Registers.GERROR_IRQ_CFG2);
        bindMessages(
                Registers.EVENTQ_IRQEN,
                Registers.EVENTQ_IRQ_CFG0,
                Registers.EVENTQ_IRQ_CFG1,
                Registers.EVENTQ_IRQ_CFG2);
        bindPageRequestMessages();
        bindTables();
        bindCommandQueue();
        bindOutputQueue(
                events.queue(),
                Registers.EVENTQEN,
                Registers.EVENTQ_BASE,
                Registers.EVENTQ_PROD,
                Registers.EVENTQ_CONS,
                Idr.EVENTQS);
        if (features.has0(Idr.PRI)) {
            bindOutputQueue(
                    pages.queue(),
                    Registers.PRIQEN,
                    Registers.PRIQ_BASE,
                    Registers.PRIQ_PROD,
                    Registers.PRIQ_CONS,
                    Idr.PRIQS);
        } else {
            absent(Registers.PRIQ_BASE, Registers.PRIQ_PROD, Registers.PRIQ_CONS);
        }
    }

    /** Puts the registers to their reset values and the machine behind them to rest; caches keep what they hold. */
    void reset() {
        file.reset();
        file.set(Registers.IDR0, features.idr0());
        file.set(Registers.IDR1, features.idr1());
        file.set(Registers.IDR3, features.idr3());
        file.set(Registers.IDR5, features.idr5());
        file.set(Registers.IIDR, features.iidr());
        file.set(Registers.AIDR, features.aidr());
        unit.enable(false);
        stalls.endAll();
        atcs.reset();
        for (MemoryQueue queue : List.of(commands.queue(), events.queue(), pages.queue())) {
            queue.consumer(0);
            queue.producer(0);
        }
        placeCommandQueue();
        placeEventQueue();
        placePageQueue();
    }

    private BooleanSupplier whileClear(BitField enable) {
        return () -> !enable.isSet(file.get(Registers.CR0));
    }

    private void bindControls() {
        long cr0Bits = Registers.SMMUEN.mask()
                | Registers.EVENTQEN.mask()
                | Registers.CMDQEN.mask()
                | (features.has0(Idr.PRI) ? Registers.PRIQEN.mask() : 0)
                | (features.has0(Idr.ATS) ? Registers.ATSCHK.mask() : 0)
                | (features.has0(Idr.VMW) ? Registers.VMW.mask() : 0);
        file.onWrite(Registers.CR0, (old, requested) -> {
            long now = requested & cr0Bits;
            file.set(Registers.CR0, now);
            // Every update takes effect at once, so that the acknowledgement follows the write.
            file.set(Registers.CR0ACK, now);
            unit.enable(Registers.SMMUEN.isSet(now));
            if (!Registers.SMMUEN.isSet(now)) {
                stalls.endAll();
            }
            stalls.retryWaiting(false);
            commands.consume();
        });
        file.onWrite(Registers.CR1, (old, requested) -> {
            long cr0 = file.get(Registers.CR0);
            boolean queuesOff =
                    !Registers.CMDQEN.isSet(cr0) && !Registers.EVENTQEN.isSet(cr0) && !Registers.PRIQEN.isSet(cr0);
            long mask = (queuesOff ? Registers.QUEUE_ATTRIBUTES.mask() : 0)
                    | (Registers.SMMUEN.isSet(cr0) ? 0 : Registers.TABLE_ATTRIBUTES.mask());
            file.set(Registers.CR1, old & ~mask | requested & mask);
        });
        long cr2Bits = Registers.RECINVSID.mask()
                | Registers.PTM.mask()
                | (features.has0(Idr.ATSRECERR) ? Registers.REC_CFG_ATS.mask() : 0)
                | (features.has0(Idr.HYP) ? Registers.E2H.mask() : 0);
        file.guard(Registers.CR2, whileClear(Registers.SMMUEN));
        file.onWrite(Registers.CR2, (old, requested) -> file.set(Registers.CR2, requested & cr2Bits));
        if (features.has0(Idr.DORMHINT)) {
            file.onRead(Registers.STATUSR, () -> Registers.DORMANT.of(unit.isEmpty() ? 1 : 0));
        }
        file.onWrite(Registers.GBPA, (old, requested) -> {
            if (Registers.GBPA_UPDATE.isSet(requested)) {
                file.set(Registers.GBPA, Registers.GBPA_UPDATE.set(requested, 0));
            }
        });
        long irqBits = Registers.GERROR_IRQEN.mask()
                | Registers.EVENTQ_IRQEN.mask()
                | (features.has0(Idr.PRI) ? Registers.PRIQ_IRQEN.mask() : 0);
        file.onWrite(Registers.IRQ_CTRL, (old, requested) -> {
            file.set(Registers.IRQ_CTRL, requested & irqBits);
            file.set(Registers.IRQ_CTRLACK, requested & irqBits);
        });
        file.onWrite(Registers.GERRORN, (old, requested) -> {
            file.set(Registers.GERRORN, requested);
            stalls.retryWaiting(false);
            commands.consume();
        });
    }

    /** Each set is guarded by its own interrupt's enable; without messages there is nothing to configure (§6.3.20-6.3.22). */
    private void bindMessages(BitField enable, Register... configuration) {
        for (Register r : configuration) {
            file.guard(r, () -> features.has0(Idr.MSI) && !enable.isSet(file.get(Registers.IRQ_CTRL)));
        }
    }

    /** LO is there without messages too, as it concerns the wire (§6.3.36). */
    private void bindPageRequestMessages() {
        if (!features.has0(Idr.PRI)) {
            absent(Registers.PRIQ_IRQ_CFG0, Registers.PRIQ_IRQ_CFG1, Registers.PRIQ_IRQ_CFG2);
            return;
        }
        bindMessages(Registers.PRIQ_IRQEN, Registers.PRIQ_IRQ_CFG0, Registers.PRIQ_IRQ_CFG1);
        file.guard(Registers.PRIQ_IRQ_CFG2, () -> !Registers.PRIQ_IRQEN.isSet(file.get(Registers.IRQ_CTRL)));
        long mask = features.has0(Idr.MSI) ? -1L : Registers.PRIQ_LO.mask();
        file.onWrite(Registers.PRIQ_IRQ_CFG2, (old, requested) -> file.set(Registers.PRIQ_IRQ_CFG2, requested & mask));
    }

    private void absent(Register... registers) {
        for (Register r : registers) {
            file.guard(r, () -> false);
        }
    }

    private void bindTables() {
        file.guard(Registers.STRTAB_BASE, whileClear(Registers.SMMUEN));
        file.guard(Registers.STRTAB_BASE_CFG, whileClear(Registers.SMMUEN));
        if (!features.has0(Idr.ST_LEVEL)) {
            // FMT and SPLIT are RES0 where only linear tables exist.
            file.onWrite(
                    Registers.STRTAB_BASE_CFG,
                    (old, requested) ->
                            file.set(Registers.STRTAB_BASE_CFG, requested & Registers.STRTAB_LOG2SIZE.mask()));
        }
    }

    private void bindCommandQueue() {
        file.guard(Registers.CMDQ_BASE, whileClear(Registers.CMDQEN));
        file.onWrite(Registers.CMDQ_BASE, (old, requested) -> {
            file.set(Registers.CMDQ_BASE, requested);
            placeCommandQueue();
        });
        file.onWrite(Registers.CMDQ_PROD, (old, requested) -> {
            commands.queue().producer((int) requested);
            mirror(Registers.CMDQ_PROD, commands.queue().producer());
            commands.consume();
        });
        file.guard(Registers.CMDQ_CONS, whileClear(Registers.CMDQEN));
        file.onWrite(Registers.CMDQ_CONS, (old, requested) -> {
            file.set(Registers.CMDQ_CONS, requested);
            commands.queue().consumer((int) Registers.QUEUE_INDEX.get(requested));
            mirror(Registers.CMDQ_CONS, commands.queue().consumer());
        });
    }

    private void bindOutputQueue(
            MemoryQueue queue, BitField enable, Register base, Register prod, Register cons, BitField mostLog2) {
        file.guard(base, whileClear(enable));
        file.onWrite(base, (old, requested) -> {
            file.set(base, requested);
            place(queue, base, prod, cons, mostLog2);
        });
        file.guard(prod, whileClear(enable));
        file.onWrite(prod, (old, requested) -> {
            file.set(prod, requested);
            queue.producer((int) Registers.QUEUE_INDEX.get(requested));
            mirror(prod, queue.producer());
        });
        file.onWrite(cons, (old, requested) -> {
            file.set(cons, requested);
            queue.consumer((int) Registers.QUEUE_INDEX.get(requested));
            mirror(cons, queue.consumer());
            stalls.retryWaiting(false);
        });
    }

    private void placeCommandQueue() {
        place(commands.queue(), Registers.CMDQ_BASE, Registers.CMDQ_PROD, Registers.CMDQ_CONS, Idr.CMDQS);
    }

    private void placeEventQueue() {
        place(events.queue(), Registers.EVENTQ_BASE, Registers.EVENTQ_PROD, Registers.EVENTQ_CONS, Idr.EVENTQS);
    }

    private void placePageQueue() {
        place(pages.queue(), Registers.PRIQ_BASE, Registers.PRIQ_PROD, Registers.PRIQ_CONS, Idr.PRIQS);
    }

    /** LOG2SIZE is capped for use, not for read-back; addresses wider than OAS are truncated. */
    private void place(MemoryQueue queue, Register base, Register prod, Register cons, BitField mostLog2) {
        long value = file.get(base);
        int log2 = Math.min(Registers.QUEUE_LOG2SIZE.getInt(value), mostLog2.getInt(features.idr1()));
        long address = Registers.QUEUE_ADDR.inPlace(value) & (1L << features.outputBits()) - 1;
        queue.placeAligned(address, log2);
        mirror(prod, queue.producer());
        mirror(cons, queue.consumer());
    }

    /** Shows a queue's index in its register; index bits that the queue is too small for read as zero. */
    private void mirror(Register register, int index) {
        file.set(register, Registers.QUEUE_INDEX.set(file.get(register), index));
    }
}
