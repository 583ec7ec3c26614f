// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Ste;

/** What is wrong with a fetched structure that the machine takes all the same (IHI 0070 §5.1-5.4). */
final class StructureLint {
    private static final int RESERVED_SHAREABILITY = 1;
    private static final int RESERVED_OVERRIDE = 1;
    private static final int RESERVED = 3;
    private static final int LARGEST_SPAN = 11;
    private static final int LEAF_4K = 1;
    private static final int LEAF_64K = 2;
    private static final int SMALLEST_TXSZ = 12;
    private static final int LARGEST_TXSZ = 48;
    private static final int WIDE = 6;

    /** Bits of a Non-secure STE that have a meaning, are IMPLEMENTATION DEFINED or are software's, by word. */
    private static final long[] STE_DEFINED = {
        bits(63, 59, 55, 0),
        bits(63, 48, 45, 44, 40, 0),
        bits(63, 0),
        bits(62, 61, 55, 2),
        bits(31, 0),
        bits(55, 9, 7, 0),
        0,
        bits(63, 0)
    };
    /** The same for a CD. */
    private static final long[] CD_DEFINED = {
        bits(63, 0),
        bits(63, 58, 55, 1),
        bits(63, 58, 55, 1),
        bits(63, 0),
        bits(63, 0),
        bits(55, 0),
        bits(47, 0),
        bits(47, 0)
    };

    private final SmmuFeatures features;
    private final LintLog log;

    StructureLint(SmmuFeatures features, LintLog log) {
        this.features = features;
        this.log = log;
    }

    /** A mask of ranges, each given by its highest and lowest bit. */
    private static long bits(int... msbLsb) {
        long mask = 0;
        for (int i = 0; i < msbLsb.length; i += 2) {
            mask |= -1L >>> 63 - msbLsb[i] & -1L << msbLsb[i + 1];
        }
        return mask;
    }

    void l1std(String place, long word) {
        int span = L1Std.SPAN.getInt(word);
        if (span == 0 || span > LARGEST_SPAN) {
            return;
        }
        report(SmmuLintRule.L1STD_RESERVED_BITS, place, word, (word & ~(L1Std.SPAN.mask() | L1Std.L2_PTR.mask())) != 0);
        report(
                SmmuLintRule.L1STD_POINTER_ALIGNMENT,
                place,
                word,
                isMisaligned(L1Std.L2_PTR.inPlace(word), 6 + span - 1));
    }

    void ste(String place, long[] ste) {
        int config = Ste.CONFIG.getInt(ste);
        if (!Ste.V.isSet(ste) || (config & Ste.CONFIG_ENABLE) == 0) {
            return;
        }
        reserved(SmmuLintRule.STE_RESERVED_BITS, place, ste, STE_DEFINED);
        boolean overrides = Idr.ATTR_PERMS_OVR.isSet(features.idr1());
        report(
                SmmuLintRule.STE_OVERRIDE_RESERVED,
                place,
                ste[1],
                overrides
                        && (Ste.PRIVCFG.getInt(ste) == RESERVED_OVERRIDE
                                || Ste.INSTCFG.getInt(ste) == RESERVED_OVERRIDE));
        int type = Ste.MEM_ATTR.getInt(ste);
        boolean typeUsed = Idr.ATTR_TYPES_OVR.isSet(features.idr1()) && Ste.MTCFG.isSet(ste);
        report(SmmuLintRule.STE_MEM_ATTR_RESERVED, place, ste[1], typeUsed && type != 0 && (type & RESERVED) == 0);
        boolean ats = features.has0(Idr.ATS) && !features.has3(Idr.DPT) && config != Ste.CONFIG_ENABLE;
        report(SmmuLintRule.STE_EATS_RESERVED, place, ste[1], ats && Ste.EATS.getInt(ste) == RESERVED);
        if ((config & Ste.CONFIG_STAGE_1) != 0) {
            stage1(place, ste);
        }
        if ((config & Ste.CONFIG_STAGE_2) != 0) {
            stage2(place, ste);
        }
    }

    private void stage1(String place, long[] ste) {
        report(SmmuLintRule.STE_SHAREABILITY_RESERVED, place, ste[1], Ste.S1CSH.getInt(ste) == RESERVED_SHAREABILITY);
        int cdMax = Math.min(cdMax(ste), features.substreamIdBits());
        if (cdMax == 0) {
            return;
        }
        int format = Ste.S1FMT.getInt(ste);
        report(SmmuLintRule.STE_S1FMT_RESERVED, place, ste[0], format == RESERVED);
        report(SmmuLintRule.STE_S1DSS_RESERVED, place, ste[1], Ste.S1DSS.getInt(ste) == RESERVED);
        int leafBits = format == LEAF_4K ? 6 : 10;
        int alignment = format == LEAF_4K || format == LEAF_64K ? Math.max(6, cdMax - leafBits + 3) : cdMax + 6;
        report(
                SmmuLintRule.STE_CONTEXT_POINTER_ALIGNMENT,
                place,
                ste[0],
                isMisaligned(Ste.S1_CONTEXT_PTR.inPlace(ste), alignment));
    }

    private void stage2(String place, long[] ste) {
        report(SmmuLintRule.STE_SHAREABILITY_RESERVED, place, ste[2], Ste.S2SH0.getInt(ste) == RESERVED_SHAREABILITY);
        report(SmmuLintRule.STE_S2HD_WITHOUT_S2HA, place, ste[2], Ste.S2HD.isSet(ste) && !Ste.S2HA.isSet(ste));
        int granule = lowerGranule(Ste.S2TG.getInt(ste));
        int size = Ste.S2T0SZ.getInt(ste);
        boolean ds = features.has5(Idr.DS) && Ste.S2DS.isSet(ste);
        if (granule == 0 || ds || size < SMALLEST_TXSZ || size > LARGEST_TXSZ) {
            return;
        }
        int level = Ste.S2SL0.getInt(ste);
        // 4K counts from level 2 up, with level 3 last; the others from level 3 up.
        int height = granule == 12 ? (level == RESERVED ? 0 : level + 1) : level;
        int tableBits = 64 - size - granule - height * (granule - 3) + 3;
        report(
                SmmuLintRule.STE_S2TTB_ALIGNMENT,
                place,
                ste[3],
                tableBits > 0 && isMisaligned(Ste.S2TTB.inPlace(ste), tableBits));
    }

    void l1cd(String place, long word, long[] ste) {
        if (!L1Cd.V.isSet(word)) {
            return;
        }
        report(SmmuLintRule.L1CD_RESERVED_BITS, place, word, (word & ~(L1Cd.V.mask() | L1Cd.L2_PTR.mask())) != 0);
        int alignment = Ste.S1FMT.getInt(ste) == LEAF_64K ? 16 : 12;
        report(SmmuLintRule.L1CD_POINTER_ALIGNMENT, place, word, isMisaligned(L1Cd.L2_PTR.inPlace(word), alignment));
    }

    void cd(String place, long[] cd) {
        if (!Cd.V.isSet(cd)) {
            return;
        }
        reserved(SmmuLintRule.CD_RESERVED_BITS, place, cd, CD_DEFINED);
        report(SmmuLintRule.CD_HD_WITHOUT_HA, place, cd[0], Cd.HD.isSet(cd) && !Cd.HA.isSet(cd));
        if (!Cd.EPD0.isSet(cd)) {
            report(SmmuLintRule.CD_SHAREABILITY_RESERVED, place, cd[0], Cd.SH0.getInt(cd) == RESERVED_SHAREABILITY);
            base(place, cd, Cd.T0SZ, lowerGranule(Cd.TG0.getInt(cd)), Cd.TTB0);
        }
        if (!Cd.EPD1.isSet(cd)) {
            report(SmmuLintRule.CD_SHAREABILITY_RESERVED, place, cd[0], Cd.SH1.getInt(cd) == RESERVED_SHAREABILITY);
            base(place, cd, Cd.T1SZ, upperGranule(Cd.TG1.getInt(cd)), Cd.TTB1);
        }
    }

    /** The start table is as long as the input needs, but 64 bytes at least where addresses have 52 bits. */
    private void base(String place, long[] cd, BitField txsz, int granule, BitField ttb) {
        int size = txsz.getInt(cd);
        if (granule == 0 || size < SMALLEST_TXSZ || size > LARGEST_TXSZ) {
            return;
        }
        int inputBits = 64 - size;
        int height = (inputBits - 1 - granule) / (granule - 3);
        int tableBits = inputBits - granule - height * (granule - 3) + 3;
        boolean wide = Math.min(Cd.IPS.getInt(cd), Idr.OAS.getInt(features.idr5())) >= WIDE;
        report(
                SmmuLintRule.CD_TTB_ALIGNMENT,
                place,
                cd[ttb.word()],
                isMisaligned(ttb.inPlace(cd), wide ? Math.max(6, tableBits) : tableBits));
    }

    private int cdMax(long[] ste) {
        return features.substreamIdBits() == 0 ? 0 : Ste.S1CDMAX.getInt(ste);
    }

    private static int lowerGranule(int tg0) {
        return switch (tg0) {
            case 0 -> 12;
            case 1 -> 16;
            case 2 -> 14;
            default -> 0;
        };
    }

    private static int upperGranule(int tg1) {
        return switch (tg1) {
            case 1 -> 14;
            case 2 -> 12;
            case 3 -> 16;
            default -> 0;
        };
    }

    private static boolean isMisaligned(long address, int log2) {
        return (address & (1L << log2) - 1) != 0;
    }

    private void reserved(SmmuLintRule rule, String place, long[] words, long[] defined) {
        for (int i = 0; i < defined.length; i++) {
            report(rule, place, words[i], (words[i] & ~defined[i]) != 0);
        }
    }

    private void report(SmmuLintRule rule, String place, long seen, boolean broken) {
        if (broken) {
            log.add(rule, place, seen);
        }
    }
}
