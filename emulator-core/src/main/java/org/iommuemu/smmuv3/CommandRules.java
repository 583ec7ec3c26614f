// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Idr;

/** Which commands are legal on the Non-secure queue (IHI 0070 §4.1-4.7); the others stop it with CERROR_ILL. */
final class CommandRules {
    private static final int STALL_MODEL_TERMINATE = 1;
    private static final int CS_RESERVED = 3;
    private static final int RESPONSE_RESERVED = 3;
    private static final int TG_16K = 2;
    private static final int LARGEST_ATC_SIZE = 52;
    private static final int MOST_SCALE = 39;
    private static final int SCALE_WITHOUT_DS = 0x1F;

    private final SmmuFeatures features;

    CommandRules(SmmuFeatures features) {
        this.features = features;
    }

    boolean isLegal(Command command, long word0, long word1) {
        if (Command.SSEC.isSet(word0)) {
            return false;
        }
        return switch (command) {
            case PREFETCH_CONFIG, PREFETCH_ADDR, CFGI_STE, CFGI_STE_RANGE, TLBI_NSNH_ALL -> true;
            case CFGI_CD, CFGI_CD_ALL, TLBI_NH_ALL, TLBI_NH_ASID -> features.has0(Idr.S1P);
            case TLBI_NH_VA, TLBI_NH_VAA -> features.has0(Idr.S1P) && isLegalRange(word0, word1);
            case TLBI_EL2_ALL, TLBI_EL2_ASID -> features.has0(Idr.HYP);
            case TLBI_EL2_VA, TLBI_EL2_VAA -> features.has0(Idr.HYP) && isLegalRange(word0, word1);
            case TLBI_S12_VMALL -> features.hasStage2();
            case TLBI_S2_IPA -> features.hasStage2() && isLegalRange(word0, word1);
            case ATC_INV -> features.has0(Idr.ATS) && Command.ATC_SIZE.getInt(word1) <= LARGEST_ATC_SIZE;
            case PRI_RESP -> features.has0(Idr.PRI) && Command.RESPONSE.getInt(word1) != RESPONSE_RESERVED;
            case RESUME, STALL_TERM -> Idr.STALL_MODEL.get(features.idr0()) != STALL_MODEL_TERMINATE;
            case SYNC -> Command.CS.getInt(word0) != CS_RESERVED;
            case CFGI_VMS_PIDM -> features.has3(Idr.MPAM);
            case TLBI_EL3_ALL, TLBI_EL3_VA -> false;
        };
    }

    /** SCALE as it counts: without 52-bit addresses the low five bits, with them at most 39 (§4.4.1.1). */
    static int scale(long word0, SmmuFeatures features) {
        int scale = Command.SCALE.getInt(word0);
        return features.has5(Idr.DS) ? Math.min(scale, MOST_SCALE) : scale & SCALE_WITHOUT_DS;
    }

    /** A range (TG not 0) must have NUM, SCALE or TTL; with 16K and no 52-bit addresses, TTL 1 counts as none (§4.4.1.1). */
    private boolean isLegalRange(long word0, long word1) {
        int granule = Command.TG.getInt(word1);
        if (!features.has3(Idr.RIL) || granule == 0) {
            return true;
        }
        int level = Command.TTL.getInt(word1);
        if (granule == TG_16K && level == 1 && !features.has5(Idr.DS)) {
            level = 0;
        }
        return Command.NUM.getInt(word0) != 0 || scale(word0, features) != 0 || level != 0;
    }
}
