// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Registers;

/**
 * Puts commands into the queue in memory, as a driver does. A slot that the capture's memory holds already, with the same
 * command in it, is left as it is: it has fields that the trace does not record.
 */
final class CommandSlots {
    private final SmmuV3 smmu;
    private final PhysicalMemory memory;

    CommandSlots(SmmuV3 smmu, PhysicalMemory memory) {
        this.smmu = smmu;
        this.memory = memory;
    }

    /** Makes sure that the slot holds the command. */
    void put(long index, Command command, long word0, long word1) {
        long at = smmu.commandQueue().addressOf((int) index);
        if (Command.of(memory.readLong(at)) != command) {
            memory.writeLong(at, word0);
            memory.writeLong(at + Long.BYTES, word1);
        }
    }

    /** Slot of the next command that the machine will consume. */
    long next() {
        return smmu.commandQueue().consumer() & smmu.commandQueue().capacity() - 1;
    }

    /** Hands one more command to the machine. */
    void ring() {
        smmu.writeRegister(Registers.CMDQ_PROD.offset(), 4, smmu.commandQueue().consumer() + 1L);
    }
}
