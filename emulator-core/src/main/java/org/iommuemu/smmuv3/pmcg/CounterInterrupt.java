// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.pmcg;

import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.PmcgRegisters;
import org.iommuemu.smmuv3.spec.Registers;

/** A group's one interrupt: an edge on the wire {@code pmcg}, and a message where one is configured (§10.2.1). */
final class CounterInterrupt {
    private final PhysicalMemory memory;
    private final RegisterFile file;
    private final InterruptSink wires;
    private final boolean messages;
    private final boolean showsAborts;
    private final long addressMask;

    /**
     * The interrupt of a group.
     *
     * @param messages whether it can be a message
     * @param showsAborts whether there is an IRQ_STATUS to show aborted messages in; SMMUv3.0 has none
     * @param outputBits width of addresses; wider ones are truncated
     */
    CounterInterrupt(
            PhysicalMemory memory,
            RegisterFile file,
            InterruptSink wires,
            boolean messages,
            boolean showsAborts,
            int outputBits) {
        this.memory = memory;
        this.file = file;
        this.wires = wires;
        this.messages = messages;
        this.showsAborts = showsAborts;
        addressMask = (1L << outputBits) - 1;
        file.guard(PmcgRegisters.IRQ_CFG0, this::isConfigurable);
        file.guard(PmcgRegisters.IRQ_CFG1, this::isConfigurable);
        file.guard(PmcgRegisters.IRQ_CFG2, this::isConfigurable);
        file.onWrite(PmcgRegisters.IRQ_CTRL, this::enable);
    }

    private boolean isConfigurable() {
        return messages && !isEnabled();
    }

    private boolean isEnabled() {
        return PmcgRegisters.IRQEN.isSet(file.get(PmcgRegisters.IRQ_CTRL));
    }

    /** Switching on forgets an aborted message; switching off does not (§10.5.2.24). */
    private void enable(long old, long requested) {
        if (PmcgRegisters.IRQEN.isSet(requested & ~old)) {
            file.set(PmcgRegisters.IRQ_STATUS, 0);
        }
        file.set(PmcgRegisters.IRQ_CTRL, requested);
        file.set(PmcgRegisters.IRQ_CTRLACK, requested);
    }

    void raise() {
        if (!isEnabled()) {
            return;
        }
        long at = Registers.MSI_ADDR.inPlace(file.get(PmcgRegisters.IRQ_CFG0)) & addressMask;
        if (messages && at != 0) {
            if (memory.answers(at, Integer.BYTES)) {
                memory.writeInt(at, (int) file.get(PmcgRegisters.IRQ_CFG1));
            } else if (showsAborts) {
                file.set(PmcgRegisters.IRQ_STATUS, PmcgRegisters.IRQ_ABT.mask());
            }
        }
        // Last, because whoever listens may use the registers at once.
        wires.pulse("pmcg");
    }
}
