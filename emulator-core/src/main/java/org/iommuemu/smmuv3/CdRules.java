// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.bits.BitField;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** When a Non-secure CD is invalid, so that C_BAD_CD is raised (IHI 0070 §5.4.1). */
final class CdRules {
    private static final int GRANULE_64K = 16;
    private static final int STALL_FORCED = 2;
    private static final int LARGEST_TXSZ = 39;
    private static final int LARGEST_TXSZ_STT = 48;
    private static final int LARGEST_TXSZ_STT_64K = 47;

    private CdRules() {}

    /**
     * Checks a fetched CD.
     *
     * @param cd the CD
     * @param ste the STE it was reached through
     * @param world the STE's StreamWorld
     * @return the first rule it breaks, or null
     */
    static @Nullable SmmuRule check(long[] cd, long[] ste, StreamWorld world, SmmuFeatures features) {
        if (!Cd.V.isSet(cd)) {
            return SmmuRule.CD_NOT_VALID;
        }
        long stallModel = Idr.STALL_MODEL.get(features.idr0());
        boolean stalls = Cd.S.isSet(cd);
        if (stalls && (Ste.S1STALLD.isSet(ste) || stallModel == 1) || !stalls && stallModel == STALL_FORCED) {
            return SmmuRule.CD_STALL;
        }
        if (features.has0(Idr.TERM_MODEL) && !Cd.A.isSet(cd)) {
            return SmmuRule.CD_ABORT;
        }
        if (!Cd.AA64.isSet(cd)) {
            return SmmuRule.CD_TABLE_FORMAT;
        }
        // A world of one table ignores EPDx, and has no use for what else the CD says of TTB1.
        boolean lowerOff = Cd.EPD0.isSet(cd) && !world.isSingle();
        boolean upperOff = Cd.EPD1.isSet(cd) || world.isSingle();
        boolean walks = !lowerOff || !upperOff;
        if (walks && !features.hasEndianness(Cd.ENDI.isSet(cd))) {
            return SmmuRule.CD_ENDIANNESS;
        }
        if (!features.hasHardwareUpdate(Cd.HA.isSet(cd), Cd.HD.isSet(cd))) {
            return SmmuRule.CD_HARDWARE_UPDATE;
        }
        if (features.hasTableFlagUpdate() && Cd.HAFT.isSet(cd) && !Cd.HA.isSet(cd)) {
            return SmmuRule.CD_TABLE_FLAG_UPDATE;
        }
        if (!world.isSingle() && !features.has0(Idr.ASID16) && Cd.ASID.get(cd) >>> 8 != 0) {
            return SmmuRule.CD_ASID;
        }
        SmmuRule lower = lowerOff ? null : checkBase(cd, Cd.T0SZ, granuleShift0(Cd.TG0.getInt(cd)), Cd.TTB0, features);
        if (lower != null || upperOff) {
            return lower;
        }
        return checkBase(cd, Cd.T1SZ, granuleShift1(Cd.TG1.getInt(cd)), Cd.TTB1, features);
    }

    private static @Nullable SmmuRule checkBase(
            long[] cd, BitField txsz, int granuleShift, BitField ttb, SmmuFeatures features) {
        if (!features.hasGranule(granuleShift)) {
            return SmmuRule.CD_GRANULE;
        }
        int size = txsz.getInt(cd);
        boolean wideInput = Idr.VAX.get(features.idr5()) >= 1 && (granuleShift == GRANULE_64K || usesDs(cd, features));
        int smallest = wideInput ? 12 : 16;
        int largest = !features.has3(Idr.STT)
                ? LARGEST_TXSZ
                : granuleShift == GRANULE_64K ? LARGEST_TXSZ_STT_64K : LARGEST_TXSZ_STT;
        if (size < smallest || size > largest) {
            return SmmuRule.CD_INPUT_SIZE;
        }
        long base = ttb.inPlace(cd);
        boolean narrow = granuleShift != GRANULE_64K && !usesDs(cd, features);
        if (base >>> outputBits(cd, features) != 0 || narrow && base >>> 48 != 0) {
            return SmmuRule.CD_TABLE_BASE;
        }
        return null;
    }

    /** log2 of the granule that TG0 names, or 0 if it is reserved. */
    static int granuleShift0(int tg0) {
        return switch (tg0) {
            case 0 -> 12;
            case 1 -> 16;
            case 2 -> 14;
            default -> 0;
        };
    }

    /** log2 of the granule that TG1 names, or 0 if it is reserved. */
    static int granuleShift1(int tg1) {
        return switch (tg1) {
            case 1 -> 14;
            case 2 -> 12;
            case 3 -> 16;
            default -> 0;
        };
    }

    /** Whether the CD uses the 52-bit forms of the 4K and 16K granules. */
    static boolean usesDs(long[] cd, SmmuFeatures features) {
        return features.has5(Idr.DS) && Cd.DS.isSet(cd);
    }

    /** The effective IPS: the smaller of CD.IPS and OAS, in bits. */
    static int outputBits(long[] cd, SmmuFeatures features) {
        return Math.min(SmmuFeatures.addressBits(Cd.IPS.getInt(cd)), features.outputBits());
    }
}
