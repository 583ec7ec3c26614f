// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.lint.StructureBits;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * Which bits of a structure the machine may use, given what it says: a change of any other bit has no effect, so that software may
 * make it at any time (IHI 0070 §3.21.3).
 */
final class UsedBits implements StructureBits {
    private static final long STE_STAGE_1_WORD_0 = mask(Ste.S1FMT, Ste.S1_CONTEXT_PTR, Ste.S1CDMAX);
    private static final long STE_STAGE_1_WORD_1 =
            mask(Ste.S1DSS, Ste.S1CIR, Ste.S1COR, Ste.S1CSH, Ste.S1MPAM, Ste.S1STALLD, Ste.STRW);
    private static final long STE_STAGE_2_WORD_1 = mask(Ste.S2HWU, Ste.S2FWB);
    private static final long STE_EITHER_WORD_1 = mask(Ste.EATS, Ste.PPAR);
    private static final long STE_ALWAYS_WORD_1 =
            mask(Ste.DRE, Ste.DCP, Ste.MEV, Ste.MEM_ATTR, Ste.MTCFG, Ste.ALLOCCFG, Ste.SHCFG, Ste.PRIVCFG, Ste.INSTCFG);
    private static final long STE_STAGE_2_WORD_2 = -1L << 32;
    private static final long STE_STAGE_2_WORD_3 = mask(Ste.S2SL0_2, Ste.S2DS, Ste.S2TTB);
    private static final long CD_LOWER_WORD_0 = mask(Cd.T0SZ, Cd.TG0, Cd.IR0, Cd.OR0, Cd.SH0, Cd.TBI0);
    private static final long CD_UPPER_WORD_0 = mask(Cd.T1SZ, Cd.TG1, Cd.IR1, Cd.OR1, Cd.SH1, Cd.TBI1);
    private static final long CD_LOWER_WORD_1 = mask(Cd.HAD0, Cd.E0PD0, Cd.TTB0);
    private static final long CD_ALWAYS_WORD_1 = mask(Cd.HAFT, Cd.EPAN);
    private static final long CD_UPPER_WORD_2 = mask(Cd.HAD1, Cd.E0PD1, Cd.TTB1);

    private static long mask(BitField... fields) {
        long mask = 0;
        for (BitField f : fields) {
            mask |= f.mask();
        }
        return mask;
    }

    /** Invalid structures may be cached too (§4.3). */
    @Override
    public boolean isCacheable(Layout layout, long[] words) {
        return true;
    }

    @Override
    public boolean isActive(Layout layout, long[] words) {
        if (layout.equals(Ste.LAYOUT)) {
            return Ste.V.isSet(words) && (Ste.CONFIG.getInt(words) & Ste.CONFIG_ENABLE) != 0;
        }
        return layout.equals(Cd.LAYOUT) && Cd.V.isSet(words);
    }

    @Override
    public long used(Layout layout, long[] words, int word) {
        if (layout.equals(Ste.LAYOUT)) {
            return ste(words, word);
        } else if (layout.equals(Cd.LAYOUT)) {
            return cd(words, word);
        } else if (layout.equals(L1Cd.LAYOUT)) {
            return L1Cd.V.isSet(words) ? mask(L1Cd.V, L1Cd.L2_PTR) : L1Cd.V.mask();
        }
        return mask(L1Std.SPAN, L1Std.L2_PTR);
    }

    private static long ste(long[] ste, int word) {
        if (!Ste.V.isSet(ste)) {
            return word == 0 ? Ste.V.mask() : 0;
        }
        int config = Ste.CONFIG.getInt(ste);
        boolean enabled = (config & Ste.CONFIG_ENABLE) != 0;
        boolean stage1 = enabled && (config & Ste.CONFIG_STAGE_1) != 0;
        boolean stage2 = enabled && (config & Ste.CONFIG_STAGE_2) != 0;
        return switch (word) {
            case 0 -> mask(Ste.V, Ste.CONFIG) | (stage1 ? STE_STAGE_1_WORD_0 : 0);
            case 1 ->
                (enabled ? STE_ALWAYS_WORD_1 : 0)
                        | (stage1 || stage2 ? STE_EITHER_WORD_1 : 0)
                        | (stage1 ? STE_STAGE_1_WORD_1 : 0)
                        | (stage2 ? STE_STAGE_2_WORD_1 : 0);
            case 2 -> (stage1 || stage2 ? Ste.S2VMID.mask() : 0) | (stage2 ? STE_STAGE_2_WORD_2 : 0);
            case 3 -> stage2 ? STE_STAGE_2_WORD_3 : 0;
            default -> 0;
        };
    }

    private static long cd(long[] cd, int word) {
        if (!Cd.V.isSet(cd)) {
            return word == 0 ? Cd.V.mask() : 0;
        }
        boolean lower = !Cd.EPD0.isSet(cd);
        boolean upper = !Cd.EPD1.isSet(cd);
        return switch (word) {
            case 0 -> ~((lower ? 0 : CD_LOWER_WORD_0) | (upper ? 0 : CD_UPPER_WORD_0));
            case 1 -> CD_ALWAYS_WORD_1 | (lower ? CD_LOWER_WORD_1 : 0);
            case 2 -> Cd.DS.mask() | (upper ? CD_UPPER_WORD_2 : 0);
            case 3 -> Cd.MAIR.mask();
            default -> 0;
        };
    }
}
