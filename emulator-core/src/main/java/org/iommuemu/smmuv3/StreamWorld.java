// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * The translation regime of a Non-secure stream's stage 1, by STE.STRW and CR2.E2H (IHI 0070 §5.2 STRW, §3.17).
 *
 * <pre>
 *              tables       privileges   ASID   VMID
 *   NS_EL1     TTB0, TTB1   EL1, EL0     yes    yes
 *   NS_EL2     TTB0         one          no     no
 *   NS_EL2_E2H TTB0, TTB1   EL2, EL0     yes    no
 * </pre>
 */
enum StreamWorld {
    /** EL1 and EL0 of a virtual machine, or of the only system there is. */
    NS_EL1(0),
    /** A hypervisor's own, with one table and one privilege. */
    NS_EL2(2),
    /** A hypervisor that is also the host (CR2.E2H). */
    NS_EL2_E2H(3);

    private static final int STRW_EL2 = 2;

    private final int code;

    StreamWorld(int code) {
        this.code = code;
    }

    /**
     * The world of a valid STE.
     *
     * @param e2h CR2.E2H
     */
    static StreamWorld of(long[] ste, boolean e2h, SmmuFeatures features) {
        if (!usesStrw(ste, features) || Ste.STRW.getInt(ste) != STRW_EL2) {
            return NS_EL1;
        }
        return e2h ? NS_EL2_E2H : NS_EL2;
    }

    /** Whether STE.STRW means anything: where there is EL2, for stage 1 alone. */
    static boolean usesStrw(long[] ste, SmmuFeatures features) {
        return features.has0(Idr.HYP) && Ste.CONFIG.getInt(ste) == (Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1);
    }

    /** Whether STE.STRW is used and has a reserved value. */
    static boolean isReserved(long[] ste, SmmuFeatures features) {
        return usesStrw(ste, features) && (Ste.STRW.getInt(ste) & 1) != 0;
    }

    /** How cache tags tell it from others: two bits, of which the upper one says EL2 of either kind. */
    int code() {
        return code;
    }

    /** Whether there is one table base, one privilege and no ASID. */
    boolean isSingle() {
        return this == NS_EL2;
    }

    /** Whether translations are tagged by VMID. */
    boolean hasVmid() {
        return this == NS_EL1;
    }
}
