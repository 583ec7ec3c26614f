// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Protected memory ranges: no DMA reaches them while they are enabled, whatever the tables say (VT-d 11.4.8). */
final class ProtectedMemory {
    private static final long LOW_BITS = 0xF_FFFF;

    private final RegisterFile file;
    private final boolean hasLow;
    private final boolean hasHigh;

    ProtectedMemory(RegisterFile file, VtdFeatures features) {
        this.file = file;
        hasLow = features.has(Capability.PLMR);
        hasHigh = features.has(Capability.PHMR);
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
