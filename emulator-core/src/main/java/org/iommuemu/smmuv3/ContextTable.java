// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.Fault;
import org.iommuemu.iommu.StageTwo;
import org.iommuemu.iommu.StructureReader;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationWalk;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** Finds a substream's CD, in a single, linear or two-level CD table (IHI 0070 §3.3.3, §3.9, §5.3). */
final class ContextTable {
    /** {@link #select}: stage 1 is bypassed. */
    static final int BYPASS_STAGE_1 = -1;

    private static final int FMT_4K_LEAF = 1;
    private static final int FMT_64K_LEAF = 2;

    private final SmmuFeatures features;
    private final StructureReader reader;
    private final StageTwo stageTwo;
    private final long[] descriptor = new long[1];
    private long address;
    private int index;
    private int mode;

    ContextTable(SmmuFeatures features, StructureReader reader, StageTwo stageTwo) {
        this.features = features;
        this.stageTwo = stageTwo;
        this.reader = reader;
    }

    /**
     * Applies the substream rules of an STE with stage 1; {@link #index()} is then the CD to use or {@link #BYPASS_STAGE_1}.
     *
     * @param substreamId the request's SubstreamID, or {@link Transaction#NO_SUBSTREAM}
     * @return the rule that forbids the request, or null
     */
    @Nullable
    SmmuRule select(int substreamId, long[] ste) {
        boolean none = substreamId == Transaction.NO_SUBSTREAM;
        int cdMax = features.substreamIdBits() == 0 ? 0 : Ste.S1CDMAX.getInt(ste);
        index = 0;
        if (cdMax == 0) {
            return none ? null : SmmuRule.SUBSTREAM_NOT_ENABLED;
        }
        int dss = Ste.S1DSS.getInt(ste);
        if (none) {
            if (dss == Ste.S1DSS_BYPASS) {
                index = BYPASS_STAGE_1;
            }
            return dss == Ste.S1DSS_BYPASS || dss == Ste.S1DSS_SUBSTREAM_0 ? null : SmmuRule.SUBSTREAM_REQUIRED;
        }
        if (substreamId >>> cdMax != 0) {
            return SmmuRule.SUBSTREAM_RANGE;
        }
        if (substreamId == 0 && dss == Ste.S1DSS_SUBSTREAM_0) {
            return SmmuRule.SUBSTREAM_0_RESERVED;
        }
        index = substreamId;
        return null;
    }

    /** The CD that {@link #select} chose. */
    int index() {
        return index;
    }

    /**
     * Fetches the CD that {@link #select} chose.
     *
     * @param second stage 2 tables that map its address, or null
     * @param walkMode for the walks of those, see {@link TranslationWalk}
     * @return the rule that kept it from being fetched, or null; {@link SmmuRule#CD_NOT_LOCATED} stands for the fault that is
     *     left in the second stage
     */
    @Nullable
    SmmuRule fetch(long[] ste, long[] cd, @Nullable TableRoot second, int walkMode) {
        mode = walkMode;
        long pointer = Ste.S1_CONTEXT_PTR.inPlace(ste);
        int cdMax = features.substreamIdBits() == 0 ? 0 : Ste.S1CDMAX.getInt(ste);
        int format = Ste.S1FMT.getInt(ste);
        if (cdMax > 0 && (format == FMT_4K_LEAF || format == FMT_64K_LEAF)) {
            SmmuRule refused = findInLevel2(pointer, cdMax, format == FMT_4K_LEAF ? 6 : 10, second);
            if (refused != null) {
                return refused;
            }
        } else {
            address = (pointer & -(1L << cdMax + 6)) + (long) index * Cd.BYTES;
        }
        return read(Cd.LAYOUT, cd, second);
    }

    private @Nullable SmmuRule findInLevel2(long pointer, int cdMax, int leafBits, @Nullable TableRoot second) {
        int level1Bits = Math.max(0, cdMax - leafBits);
        address = (pointer & -(1L << Math.max(6, level1Bits + 3))) + (long) (index >>> leafBits) * L1Cd.BYTES;
        SmmuRule refused = read(L1Cd.LAYOUT, descriptor, second);
        if (refused != null) {
            return refused;
        }
        if (!L1Cd.V.isSet(descriptor)) {
            return SmmuRule.L1CD_NOT_VALID;
        }
        long table = L1Cd.L2_PTR.inPlace(descriptor);
        if (table >>> features.outputBits() != 0) {
            return SmmuRule.L1CD_POINTER;
        }
        address = (table & -(1L << leafBits + 6)) + (long) (index & (1 << leafBits) - 1) * Cd.BYTES;
        return null;
    }

    private @Nullable SmmuRule read(Layout layout, long[] into, @Nullable TableRoot second) {
        if (second != null) {
            if (!stageTwo.translateStructure(second, address, Fault.Source.STRUCTURE, mode)) {
                return SmmuRule.CD_NOT_LOCATED;
            }
            address = stageTwo.output();
        }
        return reader.read(layout, address, into) ? null : SmmuRule.CD_FETCH_ABORT;
    }

    /** Where the last structure was read, for the event of a fetch that got no answer. */
    long address() {
        return address;
    }
}
