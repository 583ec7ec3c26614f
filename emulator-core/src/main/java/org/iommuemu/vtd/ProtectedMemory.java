// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Protected memory ranges: no DMA reaches them while they are enabled, whatever the tables say (VT-d 11.4.8). */
final class ProtectedMemory {
    private static final long LOW_BITS = 0xF_FFFF;

    /** Major version from which the ranges are closed to translated DMA too. */
    private static final int COVERS_TRANSLATED = 2;

    private final RegisterFile file;
    private final boolean coversTranslated;
    private final boolean hasLow;
    private final boolean hasHigh;

    ProtectedMemory(RegisterFile file, VtdFeatures features) {
        this.file = file;
        coversTranslated = features.major() >= COVERS_TRANSLATED;
        hasLow = features.has(Capability.PLMR);
        hasHigh = features.has(Capability.PHMR);
    }

    /** Whether what the unit's own tables translate is kept out too; the first units let it through. */
    boolean coversTranslated() {
        return coversTranslated;
    }

    /** Turns a verdict that lets a transaction go to a protected range into a silent abort. */
    void check(Verdict v) {
        if (v.isOk() && VtdRegisters.EPM.isSet(file.get(VtdRegisters.PMEN)) && covers(v.address())) {
            v.end(Verdict.Status.ABORT, ProtectedRange.RULE);
        }
    }

    private boolean covers(long address) {
        return hasLow && isWithin(address, file.get(VtdRegisters.PLMBASE), file.get(VtdRegisters.PLMLIMIT))
                || hasHigh && isWithin(address, file.get(VtdRegisters.PHMBASE), file.get(VtdRegisters.PHMLIMIT));
    }

    /** The low bits of a base count as zeros, those of a limit as ones. */
    private static boolean isWithin(long address, long base, long limit) {
        return address >= (base & ~LOW_BITS) && address <= (limit | LOW_BITS);
    }
}
