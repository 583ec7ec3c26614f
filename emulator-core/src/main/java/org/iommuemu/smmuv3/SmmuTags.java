// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.bits.BitField;

/**
 * The context tags of cached translations: VMID and ASID, for the NS-EL1 StreamWorld (IHI 0070 §3.17). A global translation
 * has no ASID, but belongs to one ASET; one by stage 2 alone has neither.
 */
final class SmmuTags {
    private static final BitField ASID = BitField.of("ASID", 15, 0);
    private static final BitField VMID = BitField.of("VMID", 31, 16);
    private static final BitField ASET = BitField.bit("ASET", 32);
    private static final BitField STAGE_2 = BitField.bit("stage 2", 33);

    /** All bits but the ASID. */
    static final long ANY_ASID = ~ASID.mask();
    /** All bits but the ASET, for commands, which ignore it. */
    static final long ANY_ASET = ~ASET.mask();
    /** All bits but the ASID and the stage. */
    static final long ANY_ASID_OR_STAGE = ~(ASID.mask() | STAGE_2.mask());
    /** All bits. */
    static final long EXACT = -1L;

    private SmmuTags() {}

    static long context(int vmid, int asid) {
        return VMID.of(vmid) | ASID.of(asid);
    }

    /** Translations by stage 2 alone, whose addresses are intermediate ones. */
    static long stage2(int vmid) {
        return VMID.of(vmid) | STAGE_2.of(1);
    }

    /** A mask that leaves out the low bits of the VMID: CR0.VMW. */
    static long vmidWildcard(int bits) {
        return ~VMID.of((1L << bits) - 1);
    }

    static long global(int vmid, boolean aset) {
        return VMID.of(vmid) | ASET.of(aset ? 1 : 0);
    }
}
