// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.BitSet;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.vtd.spec.VirtualCommandRegisters;

/** Virtual commands: a guest asks its host for PASIDs, and gets the smallest from 1 up that is free (VT-d architecture 11.4.16). */
final class VirtualCommands {
    private static final int NULL = 0;
    private static final int ALLOCATE = 1;
    private static final int FREE = 2;
    private static final int UNDEFINED = 1;
    private static final int FAILED = 16;

    private final int pasids;
    private final BitSet taken = new BitSet();

    /** The commands of a register file that their registers are part of. */
    VirtualCommands(RegisterFile file, VtdFeatures features) {
        pasids = 1 << features.pasidBits();
        file.onRead(VirtualCommandRegisters.VCMD, () -> 0);
        file.onRead(VirtualCommandRegisters.VCMD_EO, () -> 0);
        file.onWrite(
                VirtualCommandRegisters.VCMD,
                (old, requested) -> file.set(VirtualCommandRegisters.VCRSP, response(requested)));
        reset();
    }

    /** The register file has been reset: no PASID is taken. */
    void reset() {
        taken.clear();
        taken.set(0);
    }

    private long response(long request) {
        switch (VirtualCommandRegisters.COMMAND.getInt(request)) {
            case NULL -> {
                return 0;
            }
            case ALLOCATE -> {
                int pasid = taken.nextClearBit(0);
                if (pasid >= pasids) {
                    return VirtualCommandRegisters.STATUS.of(FAILED);
                }
                taken.set(pasid);
                return VirtualCommandRegisters.RESULT.of(pasid);
            }
            case FREE -> {
                long pasid = VirtualCommandRegisters.OPERAND.get(request);
                if (pasid <= 0 || pasid >= pasids || !taken.get((int) pasid)) {
                    return VirtualCommandRegisters.STATUS.of(FAILED);
                }
                taken.clear((int) pasid);
                return 0;
            }
            default -> {
                return VirtualCommandRegisters.STATUS.of(UNDEFINED);
            }
        }
    }
}
