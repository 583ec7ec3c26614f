// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;

/**
 * Interrupts out (IHI 0070 §3.18): an edge on a wire, and a message where one is configured: a write of 32 bits to memory. A
 * message that gets no answer is a global error of its own.
 */
final class Interrupts {
    private final PhysicalMemory memory;
    private final RegisterFile registers;
    private final InterruptSink wires;
    private final long addressMask;
    private final boolean messages;
    private long messagesSent;

    Interrupts(PhysicalMemory memory, RegisterFile registers, InterruptSink wires, SmmuFeatures features) {
        this.memory = memory;
        this.registers = registers;
        this.wires = wires;
        messages = features.has0(Idr.MSI);
        addressMask = (1L << features.outputBits()) - 1;
    }

    /**
     * Raises an interrupt whose message, if any, is configured in registers.
     *
     * @param enable its bit in IRQ_CTRL; nothing happens while it is 0
     * @return false if its message got no answer
     */
    boolean raise(String line, BitField enable, Register address, Register data) {
        if (!enable.isSet(registers.get(Registers.IRQ_CTRL))) {
            return true;
        }
        wires.pulse(line);
        return send(Registers.MSI_ADDR.inPlace(registers.get(address)), (int) registers.get(data));
    }

    /** Raises the interrupt of a CMD_SYNC, which carries its own message; false if that got no answer. */
    boolean raiseSync(long messageAddress, int data) {
        wires.pulse("cmdq-sync");
        return send(messageAddress, data);
    }

    /** An address of 0 means no message; one wider than OAS is truncated. */
    private boolean send(long address, int data) {
        long at = address & addressMask;
        if (!messages || at == 0) {
            return true;
        }
        if (!memory.answers(at, Integer.BYTES)) {
            return false;
        }
        memory.writeInt(at, data);
        messagesSent++;
        return true;
    }

    /** Messages written so far. */
    long messagesSent() {
        return messagesSent;
    }
}
