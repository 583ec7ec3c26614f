// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.bits.BitField;

/**
 * The context tags of cached translations: VMID and ASID, for the NS-EL1 StreamWorld (IHI 0070 §3.17). A global translation
 * has no ASID, but belongs to one ASET.
 */
final class SmmuTags {
    private static final BitField ASID = BitField.of("ASID", 15, 0);
    private static final BitField VMID = BitField.of("VMID", 31, 16);
    private static final BitField ASET = BitField.bit("ASET", 32);

    /** All bits but the ASID. */
    static final long ANY_ASID = ~ASID.mask();
    /** All bits but the ASET, for commands, which ignore it. */
    static final long ANY_ASET = ~ASET.mask();
    /** All bits. */
    static final long EXACT = -1L;

    private SmmuTags() {}

    static long context(int vmid, int asid) {
        return VMID.of(vmid) | ASID.of(asid);
    }

    static long global(int vmid, boolean aset) {
        return VMID.of(vmid) | ASET.of(aset ? 1 : 0);
    }
}
