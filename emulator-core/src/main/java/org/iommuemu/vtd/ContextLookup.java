// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.KnownContexts;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.RootEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/**
 * Finds the configuration of a source in memory: root, context, and in scalable mode PASID directory and table (VT-d
 * architecture 3.4, 9.1-9.6). Records nothing; what was found, or why not, is left here until the next lookup.
 */
final class ContextLookup {
    static final int LEGACY = 0;
    static final int SCALABLE = 1;
    static final int ABORT = 3;

    private static final int UPPER_DEVICES = 0x80;

    /** The word of what a context is made of that is not the entry's. */
    private static final int ASKED = PasidEntry.WORDS;

    private final VtdFeatures features;
    private final EntryReader reader;
    private final ContextBuilder builder;
    private final long[] root = new long[RootEntry.WORDS];
    private final long[] context = new long[ScalableContextEntry.WORDS];
    private final long[] legacyRootReserved;
    private final long[] scalableRootReserved;
    private final long[] contextReserved;
    private final long[] scalableContextReserved;
    private final long beyondHost;
    private final PasidTables pasids;
    private final CachingMode cachingMode;
    /** By what the context depends on: legacy or PASID entry, and beyond that {@link #ASKED}. */
    private final KnownContexts<VtdContext> known = new KnownContexts<>(ASKED + 1);

    private final long[] made = new long[ASKED + 1];
    private int sourceId;
    private long rootTable;
    private FaultReason refusal = FaultReason.ROOT_NOT_PRESENT;
    private boolean suppressed;
    private boolean found;
    private @Nullable VtdContext last;

    ContextLookup(VtdFeatures features, EntryReader reader, ContextBuilder builder) {
        this.features = features;
        this.reader = reader;
        this.builder = builder;
        legacyRootReserved = reader.reservedBits(RootEntry.LAYOUT, RootEntry.CTP);
        legacyRootReserved[1] = -1L;
        beyondHost = reader.beyondHost(ContextEntry.SSPTPTR);
        scalableRootReserved = reader.reservedBits(RootEntry.LAYOUT, RootEntry.CTP, RootEntry.UCTP);
        contextReserved = reader.reservedBits(ContextEntry.LAYOUT);
        contextReserved[1] |= ContextEntry.DID.mask() & -1L << features.domainBits() + 8;
        scalableContextReserved = reader.reservedBits(ScalableContextEntry.LAYOUT, ScalableContextEntry.PASIDDIRPTR);
        scalableContextReserved[0] |= absent(ExtendedCapability.HPTS, ScalableContextEntry.HPTE.mask())
                | absent(ExtendedCapability.PRS, ScalableContextEntry.PRE.mask())
                | absent(ExtendedCapability.DT, ScalableContextEntry.DTE.mask())
                | absent(ExtendedCapability.PASID, ScalableContextEntry.PASIDE.mask())
                | absent(ExtendedCapability.PTRS, ScalableContextEntry.EPTR.mask());
        // RID_PASID is honoured without ECAP.RPS too, which came later than the field.
        scalableContextReserved[1] |= absent(ExtendedCapability.RPRIVS, ScalableContextEntry.RID_PRIV.mask());
        pasids = new PasidTables(reader);
        cachingMode = new CachingMode(features);
    }

    private long absent(BitField capability, long mask) {
        return features.hasExtended(capability) ? 0 : mask;
    }

    /** SRTP: this value of RTADDR is in force from now on. */
    void latch(long rtaddr) {
        rootTable = rtaddr;
        known.clear();
        builder.separatePermissions(
                features.hasExtended(ExtendedCapability.SSIRWS) && VtdRegisters.SSIRWE.isSet(rtaddr));
    }

    /** The value of RTADDR in force. */
    long latched() {
        return rootTable;
    }

    /** The translation table mode in force. */
    int mode() {
        return VtdRegisters.TTM.getInt(rootTable);
    }

    /** The context of an untranslated request or Translation Request, or null: {@link #refusal()} tells why. */
    @Nullable
    VtdContext fetch(int source, int substream) {
        if (!findSource(source, substream, substream == Transaction.NO_SUBSTREAM)) {
            return null;
        }
        if (mode() != LEGACY) {
            return scalable(substream);
        }
        System.arraycopy(context, 0, made, 0, ContextEntry.WORDS);
        made[ASKED] = suppressed ? 1 : 0;
        int place = known.place(source, substream);
        VtdContext c = known.isMadeOf(place, 0, made) ? known.context(place) : null;
        if (c == null) {
            known.note(place, 0, made);
            c = known.keep(place, builder.legacy(context, suppressed));
        }
        last = c;
        return c;
    }

    /**
     * Checks the mode, and finds root and context entry.
     *
     * @param needsPasids whether EPTR without PASIDE is wrong: not for requests with a PASID whose address is not translated
     */
    boolean findSource(int source, int substream, boolean needsPasids) {
        sourceId = source;
        found = checkMode(substream) && (mode() == LEGACY ? findLegacy(source) : findScalable(source, needsPasids));
        return found;
    }

    /** Why a request for execution is refused, whatever its source: the mode, or that no unit of this version executes. */
    FaultReason executionRefusal(int pasid) {
        return checkMode(pasid) ? FaultReason.EXECUTE_REQUESTED : refusal;
    }

    private boolean checkMode(int substream) {
        suppressed = false;
        boolean pasid = substream != Transaction.NO_SUBSTREAM;
        switch (mode()) {
            case LEGACY -> {
                if (VtdRegisters.SSIRWE.isSet(rootTable)) {
                    return refuse(FaultReason.ROOT_MODE);
                }
                return !pasid || refuse(FaultReason.LEGACY_PASID);
            }
            case SCALABLE -> {
                return features.hasExtended(ExtendedCapability.SMTS) || refuse(FaultReason.ROOT_MODE);
            }
            case ABORT -> {
                boolean there = features.hasExtended(ExtendedCapability.ADMS);
                return refuse(there ? FaultReason.ABORT_DMA : FaultReason.ROOT_MODE);
            }
            default -> {
                return refuse(FaultReason.ROOT_MODE);
            }
        }
    }

    private boolean findLegacy(int source) {
        long table = VtdRegisters.RTA.inPlace(rootTable);
        if (!reader.read(RootEntry.LAYOUT, table + (source >>> 8 & 0xFFL) * RootEntry.BYTES, root)) {
            return refuse(FaultReason.ROOT_FETCH);
        }
        if (!RootEntry.P.isSet(root)) {
            return refuse(FaultReason.ROOT_NOT_PRESENT);
        }
        if (EntryReader.breaks(root, legacyRootReserved)) {
            return refuse(FaultReason.ROOT_RESERVED);
        }
        long at = RootEntry.CTP.inPlace(root) + (long) (source & 0xFF) * ContextEntry.BYTES;
        if (!reader.read(ContextEntry.LAYOUT, at, context)) {
            return refuse(FaultReason.CONTEXT_FETCH);
        }
        suppressed = ContextEntry.FPD.isSet(context);
        if (!ContextEntry.P.isSet(context)) {
            return refuse(FaultReason.CONTEXT_NOT_PRESENT);
        }
        boolean tables = ContextEntry.TT.getInt(context) != ContextEntry.TT_PASS_THROUGH;
        if (EntryReader.breaks(context, contextReserved) || tables && (context[0] & beyondHost) != 0) {
            return refuse(FaultReason.CONTEXT_RESERVED);
        }
        return builder.canUse(context) || refuse(FaultReason.CONTEXT_PROGRAMMING);
    }

    private boolean findScalable(int source, boolean needsPasids) {
        long table = VtdRegisters.RTA.inPlace(rootTable);
        if (!reader.read(RootEntry.LAYOUT, table + (source >>> 8 & 0xFFL) * RootEntry.BYTES, root)) {
            return refuse(FaultReason.SM_ROOT_FETCH);
        }
        boolean upper = (source & UPPER_DEVICES) != 0;
        if (!(upper ? RootEntry.UP : RootEntry.P).isSet(root)) {
            return refuse(FaultReason.SM_ROOT_NOT_PRESENT);
        }
        if ((root[upper ? 1 : 0] & scalableRootReserved[upper ? 1 : 0]) != 0) {
            return refuse(FaultReason.SM_ROOT_RESERVED);
        }
        long contexts = (upper ? RootEntry.UCTP : RootEntry.CTP).inPlace(root);
        long at = contexts + (long) (source & UPPER_DEVICES - 1) * ScalableContextEntry.BYTES;
        if (!reader.read(ScalableContextEntry.LAYOUT, at, context)) {
            return refuse(FaultReason.SM_CONTEXT_FETCH);
        }
        suppressed = ScalableContextEntry.FPD.isSet(context);
        if (!ScalableContextEntry.P.isSet(context)) {
            return refuse(FaultReason.SM_CONTEXT_NOT_PRESENT);
        }
        if (EntryReader.breaks(context, scalableContextReserved)) {
            return refuse(FaultReason.SM_CONTEXT_RESERVED);
        }
        boolean allowed = ScalableContextEntry.PASIDE.isSet(context);
        boolean wrong = ScalableContextEntry.PRE.isSet(context) && !ScalableContextEntry.DTE.isSet(context)
                || PasidTables.isBeyond(context, ScalableContextEntry.RID_PASID.getInt(context))
                || needsPasids && ScalableContextEntry.EPTR.isSet(context) && !allowed;
        return !wrong || refuse(FaultReason.SM_CONTEXT_PROGRAMMING);
    }

    /** Whether a PASID of a request may be used, as far as the context entry tells; else leaves a {@link #refusal()}. */
    boolean checkPasid(int pasid) {
        if (pasid >>> features.pasidBits() != 0) {
            return refuse(FaultReason.SM_PASID_WIDTH);
        }
        if (!ScalableContextEntry.PASIDE.isSet(context)) {
            return refuse(FaultReason.SM_PASID_DISABLED);
        }
        if (PasidTables.isBeyond(context, pasid)) {
            return refuse(FaultReason.SM_PASID_RANGE);
        }
        return pasid != ScalableContextEntry.RID_PASID.getInt(context) || refuse(FaultReason.SM_RID_PASID);
    }

    /** The context of the source that was found last, in scalable mode, or null: {@link #refusal()} tells why. */
    @Nullable
    VtdContext scalable(int substream) {
        boolean own = substream != Transaction.NO_SUBSTREAM;
        if (own && !checkPasid(substream)) {
            return null;
        }
        int pasid = own ? substream : ScalableContextEntry.RID_PASID.getInt(context);
        FaultReason why = pasids.find(context, pasid);
        suppressed |= pasids.isSuppressed();
        if (why != null) {
            return none(why);
        }
        int privilege = own ? ContextBuilder.REQUESTED : ScalableContextEntry.RID_PRIV.getInt(context);
        boolean ats = ScalableContextEntry.DTE.isSet(context);
        System.arraycopy(pasids.entry(), 0, made, 0, PasidEntry.WORDS);
        made[ASKED] = (long) pasid << 32 | privilege + 1L << 2 | (suppressed ? 2 : 0) | (ats ? 1 : 0);
        int place = known.place(sourceId, substream);
        VtdContext c = known.isMadeOf(place, 0, made) ? known.context(place) : null;
        if (c == null) {
            known.note(place, 0, made);
            c = builder.scalable(pasids.entry(), pasid, privilege, suppressed, ats);
            if (c != null) {
                known.keep(place, c);
            }
        }
        last = c;
        return c != null ? c : none(builder.refusal());
    }

    private boolean refuse(FaultReason why) {
        refusal = why;
        return false;
    }

    private @Nullable VtdContext none(FaultReason why) {
        refusal = why;
        return null;
    }

    /** Whether the context entry of the last source that was found allows ATS. */
    boolean allowsAts() {
        return mode() == LEGACY
                ? ContextEntry.TT.getInt(context) == ContextEntry.TT_ATS
                : ScalableContextEntry.DTE.isSet(context);
    }

    /** What caching mode keeps of a lookup that failed, or null. */
    @Nullable
    VtdContext refused(int substream) {
        boolean scalable = mode() == SCALABLE;
        boolean plain = scalable && found && substream == Transaction.NO_SUBSTREAM;
        int pasid = plain ? ScalableContextEntry.RID_PASID.getInt(context) : Math.max(0, substream);
        int flags = (scalable ? VtdContext.SCALABLE : 0)
                | (suppressed ? VtdContext.SUPPRESSED : 0)
                | (found ? VtdContext.FOUND : 0)
                | (found && allowsAts() ? VtdContext.ATS : 0);
        return cachingMode.keep(refusal, flags, pasid);
    }

    /** The context found last since {@link #forgetLast}, or null. */
    @Nullable
    VtdContext last() {
        return last;
    }

    /** What {@link #last} answers is null from now on. */
    void forgetLast() {
        last = null;
    }

    /** Why the last lookup failed. */
    FaultReason refusal() {
        return refusal;
    }

    /** Whether FPD was set on the way, as far as the last lookup came. */
    boolean isSuppressed() {
        return suppressed;
    }

    /** The PASID entry that was found last. */
    long[] pasidEntry() {
        return pasids.entry();
    }

    /** The context entry of the last source that was found. */
    long[] context() {
        return context;
    }
}
