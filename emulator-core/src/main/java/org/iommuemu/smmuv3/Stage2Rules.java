// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** The stage 2 half of an STE: when it is invalid, and what its codes stand for (IHI 0070 §5.2, DDI 0487 §D8.2). */
final class Stage2Rules {
    private static final int STALL_FORCED = 2;
    private static final int GRANULE_64K = 16;
    private static final int NO_HEIGHT = -1;

    private Stage2Rules() {}

    /**
     * Checks the stage 2 fields of an STE that enables stage 2.
     *
     * @return the first rule it breaks, or null
     */
    static @Nullable SmmuRule check(long[] ste, SmmuFeatures features) {
        long stallModel = Idr.STALL_MODEL.get(features.idr0());
        boolean stalls = Ste.S2S.isSet(ste);
        if (stalls && stallModel == 1 || !stalls && stallModel == STALL_FORCED) {
            return SmmuRule.STE_S2_STALL;
        }
        if (!Ste.S2AA64.isSet(ste)) {
            return SmmuRule.STE_S2_TABLE_FORMAT;
        }
        if (!features.hasHardwareUpdate(Ste.S2HA.isSet(ste), Ste.S2HD.isSet(ste))) {
            return SmmuRule.STE_S2_HARDWARE_UPDATE;
        }
        if (features.hasTableFlagUpdate() && Ste.S2HAFT.isSet(ste) && !Ste.S2HA.isSet(ste)) {
            return SmmuRule.STE_S2_TABLE_FLAG_UPDATE;
        }
        if (!features.hasEndianness(Ste.S2ENDI.isSet(ste))) {
            return SmmuRule.STE_S2_ENDIANNESS;
        }
        if (!features.hasGranule(granuleShift(ste))) {
            return SmmuRule.STE_S2_GRANULE;
        }
        return checkTables(ste, features);
    }

    private static @Nullable SmmuRule checkTables(long[] ste, SmmuFeatures features) {
        int granule = granuleShift(ste);
        boolean ds = usesDs(ste, features);
        boolean wide = granule == GRANULE_64K || ds;
        int size = Ste.S2T0SZ.getInt(ste);
        int smallest = Math.max(wide ? 12 : 16, 64 - features.outputBits());
        int largest = !features.has3(Idr.STT) ? 39 : granule == GRANULE_64K ? 47 : 48;
        if (size < smallest || size > largest) {
            return SmmuRule.STE_S2_INPUT_SIZE;
        }
        int height = startHeight(ste, features);
        int startBits =
                height == NO_HEIGHT ? 0 : 64 - size - format(ste, features).shift(height);
        if (startBits < 1 || startBits > granule - 3 + Aarch64Stage2.CONCATENATION_BITS) {
            return SmmuRule.STE_S2_START_LEVEL;
        }
        long base = Ste.S2TTB.inPlace(ste);
        if (base >>> outputBits(ste, features) != 0 || !wide && base >>> 48 != 0) {
            return SmmuRule.STE_S2_TABLE_BASE;
        }
        return null;
    }

    /** log2 of the granule, or 0 if the code is reserved. */
    static int granuleShift(long[] ste) {
        return CdRules.granuleShift0(Ste.S2TG.getInt(ste));
    }

    /** Whether the 52-bit forms of the 4K and 16K granules are used. */
    static boolean usesDs(long[] ste, SmmuFeatures features) {
        return features.has5(Idr.DS) && Ste.S2DS.isSet(ste);
    }

    /** The effective S2PS, in bits. */
    static int outputBits(long[] ste, SmmuFeatures features) {
        return Math.min(SmmuFeatures.addressBits(Ste.S2PS.getInt(ste)), features.outputBits());
    }

    static TableFormat format(long[] ste, SmmuFeatures features) {
        int granule = granuleShift(ste);
        boolean wide = granule == GRANULE_64K ? features.isWide64K() : usesDs(ste, features);
        return Aarch64Stage2.format(granule, wide);
    }

    /** Height of the start table, or −1 if the combination of {S2SL0_2, S2SL0}, granule and features has none. */
    static int startHeight(long[] ste, SmmuFeatures features) {
        int level = Ste.S2SL0.getInt(ste);
        boolean ds = usesDs(ste, features);
        return switch (granuleShift(ste)) {
            case 12 ->
                ds && Ste.S2SL0_2.isSet(ste)
                        ? level == 0 ? 4 : NO_HEIGHT
                        : level == 3 ? features.has3(Idr.STT) ? 0 : NO_HEIGHT : level + 1;
            case 14 -> level == 3 && !ds ? NO_HEIGHT : level;
            case 16 -> level == 3 ? NO_HEIGHT : level;
            default -> NO_HEIGHT;
        };
    }
}
