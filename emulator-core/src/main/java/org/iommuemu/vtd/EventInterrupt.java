// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.vtd.spec.EventRegisters;
import org.iommuemu.vtd.spec.VtdRegisters;

/** One of the unit's own interrupts, with its mask and pending bit (VT-d architecture 7.3). */
final class EventInterrupt {
    private static final int INTERRUPT_ADDRESS = 0xFEE;

    private final RegisterFile file;
    private final EventRegisters registers;
    private final InterruptSink sink;
    private final String line;

    /**
     * An interrupt that is masked.
     *
     * @param line what its wire is called
     */
    EventInterrupt(RegisterFile file, EventRegisters registers, InterruptSink sink, String line) {
        this.file = file;
        this.registers = registers;
        this.sink = sink;
        this.line = line;
        file.onWrite(registers.control(), (old, requested) -> {
            file.set(registers.control(), requested);
            if (VtdRegisters.IP.isSet(requested) && !VtdRegisters.IM.isSet(requested)) {
                send();
            }
        });
    }

    /** A condition has come up and none was there before: the message goes out, or waits until it is unmasked. */
    void raise() {
        long control = file.get(registers.control());
        file.set(registers.control(), control | VtdRegisters.IP.mask());
        if (!VtdRegisters.IM.isSet(control)) {
            send();
        }
    }

    /** Software has served a condition; when none is left, no message has to be sent any more. */
    void served(boolean anyLeft) {
        if (!anyLeft) {
            clearPending();
        }
    }

    private void send() {
        clearPending();
        sink.pulse(line);
        long address = file.get(registers.upperAddress()) << 32 | file.get(registers.address());
        if (address >>> 20 == INTERRUPT_ADDRESS || address >>> 32 != 0) {
            sink.message(address, (int) file.get(registers.data()));
        }
    }

    private void clearPending() {
        file.set(registers.control(), file.get(registers.control()) & ~VtdRegisters.IP.mask());
    }
}
