// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Registers of features that a unit lacks: they read as zero, and ignore writes (VT-d architecture 11.4). */
final class AbsentRegisters {
    private AbsentRegisters() {}

    /** Hides them; whoever reacts to their writes has been bound before. */
    static void hide(RegisterFile file, VtdFeatures features) {
        List<Register> absent = new ArrayList<>();
        if (!features.hasExtended(ExtendedCapability.QI)) {
            absent.addAll(List.of(
                    VtdRegisters.IQH, VtdRegisters.IQT, VtdRegisters.IQA, VtdRegisters.ICS, VtdRegisters.IQERCD));
            absent.addAll(VtdRegisters.INVALIDATION_EVENT.all());
        }
        if (!features.hasExtended(ExtendedCapability.IR)) {
            absent.add(VtdRegisters.IRTA);
        }
        if (!features.hasExtended(ExtendedCapability.PRS)) {
            absent.addAll(List.of(VtdRegisters.PQH, VtdRegisters.PQT, VtdRegisters.PQA, VtdRegisters.PRS));
            absent.addAll(VtdRegisters.PAGE_REQUEST_EVENT.all());
        }
        if (!features.has(Capability.PLMR)) {
            absent.addAll(List.of(VtdRegisters.PLMBASE, VtdRegisters.PLMLIMIT));
        }
        if (!features.has(Capability.PHMR)) {
            absent.addAll(List.of(VtdRegisters.PHMBASE, VtdRegisters.PHMLIMIT));
        }
        for (Register r : absent) {
            file.onRead(r, () -> 0);
            file.guard(r, () -> false);
        }
    }
}
