// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** When a Non-secure STE is invalid, so that C_BAD_STE is raised (IHI 0070 §5.2.2). */
final class SteRules {
    private SteRules() {}

    /**
     * Checks a fetched STE.
     *
     * @return the first rule it breaks, or null; {@link SmmuRule#STE_ABORT} if it is good and aborts everything
     */
    static @Nullable SmmuRule check(long[] ste, SmmuFeatures features) {
        if (!Ste.V.isSet(ste)) {
            return SmmuRule.STE_NOT_VALID;
        }
        int config = Ste.CONFIG.getInt(ste);
        if ((config & Ste.CONFIG_ENABLE) == 0) {
            return SmmuRule.STE_ABORT;
        }
        boolean stage1 = (config & Ste.CONFIG_STAGE_1) != 0;
        if (stage1 && !features.has0(Idr.S1P)) {
            return SmmuRule.STE_STAGE_1_ABSENT;
        }
        if ((config & Ste.CONFIG_STAGE_2) != 0 && !features.hasStage2()) {
            return SmmuRule.STE_STAGE_2_ABSENT;
        }
        if (StreamWorld.isReserved(ste, features)) {
            return SmmuRule.STE_STREAM_WORLD;
        }
        SmmuRule broken = checkAts(ste, config, features);
        if (broken == null && stage1) {
            broken = checkStage1(ste, features);
        }
        if (broken == null && (config & Ste.CONFIG_STAGE_2) != 0) {
            broken = Stage2Rules.check(ste, features);
        }
        boolean vmidUsed = features.hasStage2()
                && config != Ste.CONFIG_ENABLE
                && StreamWorld.of(ste, false, features).hasVmid();
        if (broken == null && vmidUsed && !features.has0(Idr.VMID16) && Ste.S2VMID.get(ste) >>> 8 != 0) {
            return SmmuRule.STE_VMID;
        }
        return broken;
    }

    private static @Nullable SmmuRule checkAts(long[] ste, int config, SmmuFeatures features) {
        if (!features.has0(Idr.ATS) || config == Ste.CONFIG_ENABLE) {
            return null;
        }
        boolean stalls = (config & Ste.CONFIG_STAGE_2) != 0 && Ste.S2S.isSet(ste);
        boolean nested = config == (Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1 | Ste.CONFIG_STAGE_2);
        boolean legal = switch (Ste.EATS.getInt(ste)) {
            case Ste.EATS_FULL -> !stalls;
            case Ste.EATS_SPLIT -> nested && !stalls && !features.has0(Idr.NS1ATS);
            default -> true;
        };
        return legal ? null : SmmuRule.STE_ATS;
    }

    private static @Nullable SmmuRule checkStage1(long[] ste, SmmuFeatures features) {
        if (Ste.S1STALLD.isSet(ste) && Idr.STALL_MODEL.get(features.idr0()) != 0) {
            return SmmuRule.STE_STALL_DISABLE;
        }
        // Without substreams the field is both ignored and, beyond its range of 0 to 0, illegal: we take the stricter
        // reading.
        int cdMax = Ste.S1CDMAX.getInt(ste);
        if (cdMax > features.substreamIdBits()) {
            return SmmuRule.STE_CD_MAX;
        }
        int format = Ste.S1FMT.getInt(ste);
        if (cdMax > 0 && (format == 1 || format == 2) && !features.has0(Idr.CD2L)) {
            return SmmuRule.STE_CD_FORMAT;
        }
        if (Ste.S1_CONTEXT_PTR.inPlace(ste) >>> features.outputBits() != 0) {
            return SmmuRule.STE_CONTEXT_POINTER;
        }
        return null;
    }
}
