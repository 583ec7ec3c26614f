// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.function.UnaryOperator;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Makes a correct driver a broken one: changes commands where it puts them into the queue, before the IOMMU reads them. */
final class CommandFilter {
    /** A command or descriptor of 128 bits. */
    record Words(long word0, long word1) {}

    private final PhysicalMemory memory;
    private final UnaryOperator<Words> change;
    private final long base;
    private final long bytes;
    private boolean busy;

    private CommandFilter(Platform machine, UnaryOperator<Words> change) {
        memory = machine.memory();
        this.change = change;
        boolean smmu = machine.smmu() != null;
        long register = smmu
                ? machine.iommu().readRegister(Registers.CMDQ_BASE.offset(), Long.BYTES)
                : machine.iommu().readRegister(VtdRegisters.IQA.offset(), Long.BYTES);
        base = smmu ? Registers.QUEUE_ADDR.inPlace(register) : VtdRegisters.IQ_ADDRESS.inPlace(register);
        bytes = smmu ? 16L << Registers.QUEUE_LOG2SIZE.getInt(register) : 1L << 12 + VtdRegisters.QS.getInt(register);
    }

    static void install(Platform machine, UnaryOperator<Words> change) {
        CommandFilter filter = new CommandFilter(machine, change);
        machine.memory().watchWrites(filter::written);
    }

    private void written(long address, int length) {
        if (busy || address - base < 0 || address - base >= bytes || (address & 8) == 0) {
            return;
        }
        Words was = new Words(memory.readLong(address - 8), memory.readLong(address));
        Words now = change.apply(was);
        if (!now.equals(was)) {
            busy = true;
            memory.writeLong(address - 8, now.word0);
            memory.writeLong(address, now.word1);
            busy = false;
        }
    }
}
