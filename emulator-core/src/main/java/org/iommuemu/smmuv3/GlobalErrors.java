// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.smmuv3.spec.Registers;

/** GERROR and GERRORN: an error is active while its bits in the two differ (IHI 0070 §6.3.18-6.3.19). */
final class GlobalErrors {
    private final RegisterFile registers;
    private final InterruptSink interrupts;

    GlobalErrors(RegisterFile registers, InterruptSink interrupts) {
        this.registers = registers;
        this.interrupts = interrupts;
    }

    boolean isActive(BitField error) {
        return error.isSet(registers.get(Registers.GERROR) ^ registers.get(Registers.GERRORN));
    }

    /** Raises an error; one that is active already is not logged again. */
    void raise(BitField error) {
        if (isActive(error)) {
            return;
        }
        registers.set(Registers.GERROR, registers.get(Registers.GERROR) ^ error.mask());
        if (error != Registers.MSI_GERROR_ABT_ERR && Registers.GERROR_IRQEN.isSet(registers.get(Registers.IRQ_CTRL))) {
            interrupts.pulse("gerror");
        }
    }
}
