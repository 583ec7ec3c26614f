// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.Access;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.VtdSecondStage;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.PasidEntry;
import org.jspecify.annotations.Nullable;

/** Turns a context entry, or a PASID entry, into the context that the configuration cache keeps. */
final class ContextBuilder {
    /** Privilege is what each request asks for. */
    static final int REQUESTED = -1;

    /** Tables of nobody. */
    static final TableRoot NO_TABLES = TableRoot.builder(VtdSecondStage.format(52, 6, true, false, true))
            .stage(2)
            .disabled(true)
            .build();

    /** Addresses have no limit but what reserved bits set. */
    private static final int NO_LIMIT = 52;

    private static final int STRIDE = 9;
    private static final int PAGE_SHIFT = 12;
    private static final int LEVEL_5 = 57;
    private static final int LEVEL_4 = 48;
    private static final int UPPER_HALF_OF_TABLE = 1 << 11;

    private final VtdFeatures features;
    private final int addressBits;
    private final TableFormat legacySecondStage;
    private final TableFormat secondStage;
    private final TableFormat secondStageSeparate;
    private final TableFormat firstStage;
    private final TableFormat firstStageExtended;
    private final long[] pasidReserved;
    private boolean separate;
    private boolean refusesUpdates;
    private FaultReason refusal = FaultReason.SM_PASID_RESERVED;

    ContextBuilder(VtdFeatures features, EntryReader reader, int addressBits) {
        this.features = features;
        this.addressBits = addressBits;
        boolean old = features.major() < InvalidationQueue.WIDE_ONLY;
        // The first units with scalable mode take SNP whether they report snoop control or not.
        boolean snoop =
                features.hasExtended(ExtendedCapability.SC) || old && features.hasExtended(ExtendedCapability.SMTS);
        boolean transientMappings = old && features.hasExtended(ExtendedCapability.DT);
        int large = features.largeHeights();
        legacySecondStage = VtdSecondStage.format(addressBits, large, snoop, transientMappings, false);
        secondStage = VtdSecondStage.format(addressBits, large, snoop, transientMappings, true);
        secondStageSeparate = VtdSecondStage.separate(addressBits, large, snoop);
        firstStage = VtdFirstStage.format(addressBits, features.has(Capability.FS1GP), false);
        firstStageExtended = VtdFirstStage.format(addressBits, features.has(Capability.FS1GP), true);
        pasidReserved = reader.reservedBits(PasidEntry.LAYOUT);
        pasidReserved[0] |= absent(
                        ExtendedCapability.SSTS,
                        PasidEntry.AW.mask() | PasidEntry.SSPTPTR.mask() | PasidEntry.SSADE.mask())
                | absent(ExtendedCapability.SSADS, PasidEntry.SSADE.mask());
        pasidReserved[1] |= absent(ExtendedCapability.SMPWCS, PasidEntry.PWSNP.mask())
                | absent(ExtendedCapability.SC, PasidEntry.PGSNP.mask())
                | absent(ExtendedCapability.MTS, PasidEntry.CD.mask() | PasidEntry.EMTE.mask() | PasidEntry.PAT.mask())
                | PasidEntry.DID.mask() & -1L << features.domainBits();
        pasidReserved[2] |= absent(ExtendedCapability.SRS, PasidEntry.SRE.mask())
                | absent(
                        ExtendedCapability.FSTS,
                        PasidEntry.FSPTPTR.mask() | PasidEntry.FSPM.mask() | PasidEntry.WPE.mask())
                | absent(ExtendedCapability.EAFS, PasidEntry.EAFE.mask());
        pasidReserved[4] |= absent(
                ExtendedCapability.HPTS, PasidEntry.HPTSZ.mask() | PasidEntry.HPTPFD.mask() | PasidEntry.HPTPTR.mask());
        pasidReserved[5] |= absent(ExtendedCapability.HPTS, PasidEntry.HPTDID.mask());
    }

    /** Says whether second-stage entries have permissions of their own for devices (SSIRWE). */
    void separatePermissions(boolean on) {
        separate = on;
    }

    private boolean isBeyondHost(long base) {
        return base >>> addressBits != 0;
    }

    private long absent(BitField capability, long mask) {
        return features.hasExtended(capability) ? 0 : mask;
    }

    /** Whether a legacy entry asks for nothing that the unit lacks. */
    boolean canUse(long[] entry) {
        boolean there = switch (ContextEntry.TT.getInt(entry)) {
            case ContextEntry.TT_UNTRANSLATED -> true;
            case ContextEntry.TT_ATS -> features.hasExtended(ExtendedCapability.DT);
            case ContextEntry.TT_PASS_THROUGH -> features.hasExtended(ExtendedCapability.PT);
            default -> false;
        };
        return there && features.widthOf(ContextEntry.AW.getInt(entry)) != 0;
    }

    /** The context of a legacy entry that {@link #canUse can be used}. */
    VtdContext legacy(long[] entry, boolean suppressed) {
        int type = ContextEntry.TT.getInt(entry);
        boolean ats = type == ContextEntry.TT_ATS;
        boolean pass = type == ContextEntry.TT_PASS_THROUGH;
        int width = features.widthOf(ContextEntry.AW.getInt(entry));
        int domain = ContextEntry.DID.getInt(entry);
        TableRoot tables =
                pass ? null : second(legacySecondStage, ContextEntry.SSPTPTR.inPlace(entry), width, domain, false);
        int flags = (suppressed ? VtdContext.SUPPRESSED : 0) | (ats ? VtdContext.ATS : 0);
        return new VtdContext(tables, tables, null, effective(0, true), flags, domain, 0);
    }

    /**
     * The context of a PASID entry that is present, or null: {@link #refusal()} tells why.
     *
     * @param privilege of requests: 0, 1 or {@link #REQUESTED}
     */
    @Nullable
    VtdContext scalable(long[] entry, int pasid, int privilege, boolean suppressed, boolean ats) {
        refusal = FaultReason.SM_PASID_RESERVED;
        if (EntryReader.breaks(entry, pasidReserved)) {
            return null;
        }
        int type = PasidEntry.PGTT.getInt(entry);
        boolean first = type == PasidEntry.FIRST_STAGE || type == PasidEntry.NESTED;
        boolean second = type == PasidEntry.SECOND_STAGE || type == PasidEntry.NESTED;
        long base = PasidEntry.FSPTPTR.inPlace(entry);
        boolean misplaced = second && isBeyondHost(PasidEntry.SSPTPTR.inPlace(entry))
                || type == PasidEntry.FIRST_STAGE && isBeyondHost(base);
        if (misplaced) {
            return null;
        }
        refusal = FaultReason.SM_PASID_PROGRAMMING;
        if (!isThere(type)) {
            return null;
        }
        int width = second ? features.widthOf(PasidEntry.AW.getInt(entry)) : 0;
        int levels = first ? firstStageBits(PasidEntry.FSPM.getInt(entry)) : 0;
        if (second && width == 0 || first && levels == 0) {
            return null;
        }
        int domain = PasidEntry.DID.getInt(entry);
        boolean marks = PasidEntry.SSADE.isSet(entry);
        // The first units set bits whether their walks are snooped or not.
        refusesUpdates = !PasidEntry.PWSNP.isSet(entry) && features.major() >= InvalidationQueue.WIDE_ONLY;
        TableRoot stage2 = second ? second(secondStage, PasidEntry.SSPTPTR.inPlace(entry), width, domain, marks) : null;
        boolean supervisor = features.hasExtended(ExtendedCapability.SRS) && PasidEntry.SRE.isSet(entry);
        int flags = VtdContext.SCALABLE
                | (suppressed ? VtdContext.SUPPRESSED : 0)
                | (ats ? VtdContext.ATS : 0)
                | (supervisor ? 0 : VtdContext.NO_SUPERVISOR)
                | (PasidEntry.PGSNP.isSet(entry) ? VtdContext.SNOOPED : 0);
        int[] effective = effective(privilege, supervisor);
        if (!first) {
            return new VtdContext(stage2, stage2, null, effective, flags, domain, pasid);
        }
        if (stage2 != null && base >>> stage2.inputBits() != 0) {
            return null;
        }
        TableRoot lower = first(entry, base, levels, domain, pasid, false);
        TableRoot upper = first(entry, base, levels, domain, pasid, true);
        return new VtdContext(lower, upper, stage2, effective, flags | VtdContext.FIRST_STAGE, domain, pasid);
    }

    private boolean isThere(int type) {
        return switch (type) {
            case PasidEntry.FIRST_STAGE -> features.hasExtended(ExtendedCapability.FSTS);
            case PasidEntry.SECOND_STAGE -> features.hasExtended(ExtendedCapability.SSTS);
            case PasidEntry.NESTED -> features.hasExtended(ExtendedCapability.NEST);
            case PasidEntry.PASS_THROUGH -> features.hasExtended(ExtendedCapability.PT);
            default -> false;
        };
    }

    private int firstStageBits(int mode) {
        return mode == 0 ? LEVEL_4 : mode == 1 && features.has(Capability.FS5LP) ? LEVEL_5 : 0;
    }

    private TableRoot second(TableFormat format, long base, int width, int domain, boolean marks) {
        long tag = VtdTags.secondStage(domain);
        return TableRoot.builder(separate ? secondStageSeparate : format)
                .stage(2)
                .base(base)
                .startHeight((width - PAGE_SHIFT) / STRIDE - 1)
                .inputBits(Math.min(width, features.guestBits()))
                .outputBits(NO_LIMIT)
                .accessFlagIgnored(!marks)
                .hardwareUpdates(marks, marks)
                .tableFlagUpdates(marks)
                .updatesRefused(marks && refusesUpdates)
                .refusalFirst(true)
                .permissionControls(
                        (marks ? VtdSecondStage.DIRTY_TRACKED : 0) | (separate ? VtdSecondStage.SEPARATE : 0))
                .tags(tag, tag)
                .build();
    }

    /** One half of a first stage: canonical addresses, of which the upper ones use the upper half of the top table. */
    private TableRoot first(long[] entry, long base, int bits, int domain, int pasid, boolean upper) {
        long tag = VtdTags.firstStage(domain, pasid);
        boolean extended = features.hasExtended(ExtendedCapability.EAFS) && PasidEntry.EAFE.isSet(entry);
        return TableRoot.builder(extended ? firstStageExtended : firstStage)
                .base(upper ? base + UPPER_HALF_OF_TABLE : base)
                .startHeight((bits - PAGE_SHIFT) / STRIDE - 1)
                .inputBits(bits - 1)
                .outputBits(NO_LIMIT)
                .upper(upper)
                .hardwareUpdates(true, true)
                .tableFlagUpdates(true)
                .updatesRefused(refusesUpdates)
                .refusalFirst(true)
                .permissionControls(PasidEntry.WPE.isSet(entry) ? VtdFirstStage.WRITE_PROTECT : 0)
                .tags(tag, tag)
                .build();
    }

    /** A supervisor request that is not allowed is one that no table can allow. */
    private static int[] effective(int privilege, boolean supervisor) {
        int[] effective = new int[Access.CODES];
        for (int code = 0; code < effective.length; code++) {
            int e = code & ~Access.INSTRUCTION;
            if (privilege != REQUESTED) {
                e = privilege == 0 ? e & ~Access.PRIVILEGED : e | Access.PRIVILEGED;
            }
            effective[code] = Access.isPrivileged(e) && !supervisor ? ~e : e;
        }
        return effective;
    }

    /** Why a PASID entry gives no context. */
    FaultReason refusal() {
        return refusal;
    }
}
