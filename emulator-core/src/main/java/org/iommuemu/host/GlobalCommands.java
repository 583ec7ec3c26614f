// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.function.BooleanSupplier;
import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.vtd.spec.VtdRegisters;

/**
 * Software's side of GCMD: what stays is written again with every command, and GSTS is read until it has followed (VT-d architecture
 * 11.4.4).
 */
final class GlobalCommands {
    private final RegisterFrame unit;
    private final Patience patience;
    private long kept;

    GlobalCommands(RegisterFrame unit, Patience patience) {
        this.unit = unit;
        this.patience = patience;
    }

    /** Switches something on that stays. */
    void enable(BitField bit) {
        kept |= bit.mask();
        VtdUnit.write(unit, VtdRegisters.GCMD, kept);
        await(() -> bit.isSet(VtdUnit.read(unit, VtdRegisters.GSTS)));
    }

    /** Lets the unit take a table from now on. */
    void latch(BitField bit) {
        VtdUnit.write(unit, VtdRegisters.GCMD, kept | bit.mask());
        await(() -> bit.isSet(VtdUnit.read(unit, VtdRegisters.GSTS)));
    }

    /** Lets what was written reach where the unit reads it, on units that want to be told (VT-d 6.8). */
    void flushWriteBuffer() {
        VtdUnit.write(unit, VtdRegisters.GCMD, kept | VtdRegisters.WBF.mask());
        await(() -> !VtdRegisters.WBF.isSet(VtdUnit.read(unit, VtdRegisters.GSTS)));
    }

    /** Ends what firmware has protected, on units that can protect memory (VT-d 11.4.8). */
    void endProtectedMemory() {
        long enabled = VtdUnit.read(unit, VtdRegisters.PMEN);
        VtdUnit.write(unit, VtdRegisters.PMEN, enabled & ~VtdRegisters.EPM.mask());
        await(() -> !VtdRegisters.PROTECTED.isSet(VtdUnit.read(unit, VtdRegisters.PMEN)));
    }

    private void await(BooleanSupplier done) {
        if (!patience.await(done, Patience.MOST_PICOSECONDS)) {
            throw new IllegalStateException("the unit has not followed its global command in time");
        }
    }
}
