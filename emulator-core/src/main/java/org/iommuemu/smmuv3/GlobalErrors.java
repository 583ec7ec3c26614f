// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.smmuv3.spec.Registers;

/** GERROR and GERRORN: an error is active while its bits in the two differ (IHI 0070 §6.3.18-6.3.19). */
final class GlobalErrors {
    private final RegisterFile registers;
    private final Interrupts interrupts;

    GlobalErrors(RegisterFile registers, Interrupts interrupts) {
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
        // An error of the GERROR message itself raises no interrupt (§6.3.18).
        if (!error.equals(Registers.MSI_GERROR_ABT_ERR)
                && !interrupts.raise(
                        "gerror", Registers.GERROR_IRQEN, Registers.GERROR_IRQ_CFG0, Registers.GERROR_IRQ_CFG1)) {
            raise(Registers.MSI_GERROR_ABT_ERR);
        }
    }
}
