// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Arrays;
import org.iommuemu.bits.BitField;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Ste;

/** Which bits of a structure matter to an SMMU in what the driver makes of it: those that {@link LiveEntry} must not change apart. */
final class SmmuUsedBits {
    private static final long ALL = -1L;
    private static final long VALID_WORD_0 = mask(Ste.V, Ste.CONFIG);
    private static final long FIRST_WORD_0 = mask(Ste.S1FMT, Ste.S1_CONTEXT_PTR, Ste.S1CDMAX);
    private static final long FIRST_WORD_1 =
            mask(Ste.S1DSS, Ste.S1CIR, Ste.S1COR, Ste.S1CSH, Ste.S1STALLD, Ste.STRW, Ste.EATS, Ste.PPAR);
    private static final long SECOND_WORD_1 = mask(Ste.EATS, Ste.PPAR, Ste.S2FWB, Ste.SHCFG);
    private static final long SECOND_WORD_2 = Ste.S2VMID.mask() | ALL << 32;
    private static final long UNUSED_WITHOUT_LOWER = mask(Cd.T0SZ, Cd.TG0, Cd.IR0, Cd.OR0, Cd.SH0);

    private SmmuUsedBits() {}

    private static long mask(BitField... fields) {
        long mask = 0;
        for (BitField f : fields) {
            mask |= f.mask();
        }
        return mask;
    }

    /** Of a stream table entry (IHI 0070 §5.2). */
    static long[] ofStream(long[] ste) {
        long[] used = new long[Ste.WORDS];
        used[0] = Ste.V.mask();
        if (!Ste.V.isSet(ste)) {
            return used;
        }
        used[0] = VALID_WORD_0;
        int config = Ste.CONFIG.getInt(ste);
        if ((config & Ste.CONFIG_ENABLE) == 0) {
            return used;
        }
        if ((config & Ste.CONFIG_STAGE_1) != 0) {
            used[0] |= FIRST_WORD_0;
            used[1] |= FIRST_WORD_1;
            used[2] |= Ste.S2VMID.mask();
        }
        if ((config & Ste.CONFIG_STAGE_2) != 0) {
            used[1] |= SECOND_WORD_1;
            used[2] |= SECOND_WORD_2;
            used[3] |= Ste.S2TTB.mask();
        }
        if (config == Ste.CONFIG_ENABLE || Ste.S1DSS.getInt(ste) == Ste.S1DSS_BYPASS) {
            used[1] |= Ste.SHCFG.mask();
        }
        return used;
    }

    /** Of a context descriptor (IHI 0070 §5.4). */
    static long[] ofContext(long[] cd) {
        long[] used = new long[Cd.WORDS];
        used[0] = Cd.V.mask();
        if (!Cd.V.isSet(cd)) {
            return used;
        }
        Arrays.fill(used, ALL);
        if (Cd.EPD0.isSet(cd)) {
            used[0] &= ~UNUSED_WITHOUT_LOWER;
            used[1] &= ~Cd.TTB0.mask();
        }
        return used;
    }
}
