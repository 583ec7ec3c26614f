// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/** Turns a valid STE and CD into the context that the configuration cache keeps. */
final class ContextBuilder {
    /** Control of a stage 2 root beside those of its permissions: STE.S2PTW. */
    static final int PROTECTED_TABLE_WALK = 1 << 8;
    /** Likewise: STE.S2FWB. */
    static final int FORCED_WRITE_BACK = 1 << 9;

    /** Tables of no stream. */
    static final TableRoot NO_TABLES = TableRoot.builder(Aarch64Stage2.format(12, false))
            .stage(2)
            .disabled(true)
            .build();

    private static final int OVERRIDE_OFF = 2;
    private static final int OVERRIDE_ON = 3;
    private static final int GRANULE_64K = 16;
    private static final int GRANULE_4K = 12;

    private final SmmuFeatures features;
    private final RegisterFile registers;
    private final IncomingAttributes incoming;

    ContextBuilder(SmmuFeatures features, RegisterFile registers, IncomingAttributes incoming) {
        this.features = features;
        this.registers = registers;
        this.incoming = incoming;
    }

    /** The StreamWorld of a valid STE. */
    StreamWorld world(long[] ste) {
        return StreamWorld.of(ste, Registers.E2H.isSet(registers.get(Registers.CR2)), features);
    }

    /** A context without stage 1: bypass, or stage 2 alone. */
    SmmuContext withoutStage1(long[] ste, boolean stage1Bypassed) {
        return withoutStage1(ste, stage1Bypassed, incoming.of(ste));
    }

    /** A context for addresses that are past stage 1, of requests that the STE's overrides do not concern. */
    SmmuContext pastStage1(long[] ste) {
        return withoutStage1(ste, false, MemoryAttributes.INCOMING);
    }

    private SmmuContext withoutStage1(long[] ste, boolean stage1Bypassed, long brought) {
        TableRoot stage2 = hasStage2(ste) ? onlySecond(ste, brought) : null;
        // There is no CD: what stage 1 faults there are abort and are recorded.
        int controls = streamControls(ste)
                | SmmuContext.ABORT
                | SmmuContext.RECORD
                | (stage1Bypassed ? SmmuContext.STAGE_1_BYPASSED : 0);
        return new SmmuContext(stage2, stage2, null, effectiveAccess(ste), controls, Ste.EATS.getInt(ste), brought);
    }

    SmmuContext stage1(long[] ste, long[] cd) {
        StreamWorld world = world(ste);
        TableRoot lower = lower(ste, cd, world);
        int controls = streamControls(ste)
                | (Cd.A.isSet(cd) ? SmmuContext.ABORT : 0)
                | (Cd.R.isSet(cd) ? SmmuContext.RECORD : 0)
                | (Cd.S.isSet(cd) ? SmmuContext.STALL : 0);
        return new SmmuContext(
                lower,
                // The only table of a world serves every address, and refuses the upper half as out of its range.
                world.isSingle() ? lower : upper(ste, cd, world),
                hasStage2(ste) ? second(ste) : null,
                effectiveAccess(ste),
                controls,
                Ste.EATS.getInt(ste),
                incoming.of(ste));
    }

    private static int streamControls(long[] ste) {
        boolean stage2 = hasStage2(ste);
        return (stage2 && Ste.S2R.isSet(ste) ? SmmuContext.STAGE_2_RECORD : 0)
                | (stage2 && Ste.S2S.isSet(ste) ? SmmuContext.STAGE_2_STALL : 0)
                | (Ste.MEV.isSet(ste) ? SmmuContext.MERGE : 0)
                | (Ste.CONFIG.getInt(ste) == Ste.CONFIG_ENABLE ? SmmuContext.BYPASS : 0);
    }

    private static boolean hasStage2(long[] ste) {
        return (Ste.CONFIG.getInt(ste) & Ste.CONFIG_STAGE_2) != 0;
    }

    /** The stage 2 tables of a valid STE, behind stage 1. */
    TableRoot second(long[] ste) {
        return second(ste, SmmuTags.stage2(vmid(ste))).build();
    }

    /** The same without stage 1, so that they meet what a transaction brings. */
    private TableRoot onlySecond(long[] ste, long brought) {
        long tag = SmmuTags.stage2(vmid(ste)) | SmmuTags.incoming(brought ^ MemoryAttributes.INCOMING);
        return second(ste, tag).incoming(brought).build();
    }

    private TableRoot.Builder second(long[] ste, long tag) {
        var format = Stage2Rules.format(ste, features);
        int inputBits = 64 - Ste.S2T0SZ.getInt(ste);
        int outputBits = Stage2Rules.outputBits(ste, features);
        int startHeight = Stage2Rules.startHeight(ste, features);
        int tableBits = inputBits - format.shift(startHeight) + 3;
        boolean ds = Stage2Rules.usesDs(ste, features);
        int controls = (features.has3(Idr.XNX) ? Aarch64Stage2.XNX : 0)
                | (Ste.S2PTW.isSet(ste) ? PROTECTED_TABLE_WALK : 0)
                | (features.has3(Idr.FWB) && Ste.S2FWB.isSet(ste) ? FORCED_WRITE_BACK : 0);
        return TableRoot.builder(format)
                .stage(2)
                .base(Ste.S2TTB.inPlace(ste) & -(1L << (outputBits >= 52 ? Math.max(6, tableBits) : tableBits)))
                .inputBits(inputBits)
                .startHeight(startHeight)
                .outputBits(outputBits >= 52 && Stage2Rules.granuleShift(ste) != GRANULE_64K && !ds ? 48 : outputBits)
                .bigEndian(Ste.S2ENDI.isSet(ste))
                .accessFlagIgnored(Ste.S2AFFD.isSet(ste) && !updates(Ste.S2HA.isSet(ste)))
                .hardwareUpdates(updates(Ste.S2HA.isSet(ste)), Ste.S2HD.isSet(ste))
                .tableFlagUpdates(features.hasTableFlagUpdate() && Ste.S2HAFT.isSet(ste))
                .permissionControls(controls)
                .shareability(ds && Stage2Rules.granuleShift(ste) != GRANULE_64K ? Ste.S2SH0.getInt(ste) : -1)
                .tags(tag, tag);
    }

    private TableRoot lower(long[] ste, long[] cd, StreamWorld world) {
        boolean disabled = Cd.EPD0.isSet(cd) && !world.isSingle();
        int granule = disabled ? GRANULE_4K : CdRules.granuleShift0(Cd.TG0.getInt(cd));
        return common(ste, cd, world, granule, disabled ? 0 : Cd.T0SZ.getInt(cd), Cd.TTB0.inPlace(cd))
                .disabled(disabled)
                .privilegedOnly(refusesUnprivileged(cd, Cd.E0PD0, world))
                .topByteIgnored(Cd.TBI0.isSet(cd))
                .shareability(CdRules.usesDs(cd, features) && granule != GRANULE_64K ? Cd.SH0.getInt(cd) : -1)
                .hierarchyIgnored(features.has3(Idr.HAD) && Cd.HAD0.isSet(cd))
                .build();
    }

    private TableRoot upper(long[] ste, long[] cd, StreamWorld world) {
        boolean disabled = Cd.EPD1.isSet(cd);
        int granule = disabled ? GRANULE_4K : CdRules.granuleShift1(Cd.TG1.getInt(cd));
        return common(ste, cd, world, granule, disabled ? 0 : Cd.T1SZ.getInt(cd), Cd.TTB1.inPlace(cd))
                .upper(true)
                .disabled(disabled)
                .privilegedOnly(refusesUnprivileged(cd, Cd.E0PD1, world))
                .topByteIgnored(Cd.TBI1.isSet(cd))
                .shareability(CdRules.usesDs(cd, features) && granule != GRANULE_64K ? Cd.SH1.getInt(cd) : -1)
                .hierarchyIgnored(features.has3(Idr.HAD) && Cd.HAD1.isSet(cd))
                .build();
    }

    private TableRoot.Builder common(long[] ste, long[] cd, StreamWorld world, int granuleShift, int txsz, long ttb) {
        boolean ds = CdRules.usesDs(cd, features);
        boolean wide = granuleShift == GRANULE_64K ? features.isWide64K() : ds;
        var format = Aarch64Stage1.format(granuleShift, wide);
        // TxSZ is ignored when walks are disabled; any size will do then, as nothing is walked.
        int inputBits = txsz == 0 ? 48 : 64 - txsz;
        int outputBits = CdRules.outputBits(cd, features);
        int startHeight = format.startHeight(inputBits);
        // The table base is aligned to the size of the start table, 64 bytes at least when addresses have 52 bits.
        int tableBits = inputBits - format.shift(startHeight) + 3;
        long base = ttb & -(1L << (outputBits >= 52 ? Math.max(6, tableBits) : tableBits));
        int vmid = world.hasVmid() ? vmid(ste) : 0;
        long brought = incoming.of(ste);
        long hints = SmmuTags.incoming(MemoryAttributes.restraint(brought));
        return TableRoot.builder(format)
                .base(base)
                .inputBits(inputBits)
                .outputBits(wide ? outputBits : Math.min(48, outputBits))
                .bigEndian(Cd.ENDI.isSet(cd))
                .accessFlagIgnored(Cd.AFFD.isSet(cd) && !updates(Cd.HA.isSet(cd)))
                .hardwareUpdates(updates(Cd.HA.isSet(cd)), Cd.HD.isSet(cd))
                .tableFlagUpdates(features.hasTableFlagUpdate() && Cd.HAFT.isSet(cd))
                .permissionControls(permissionControls(cd, world))
                .attributes(Cd.MAIR.get(cd))
                .incoming(brought)
                .tags(
                        SmmuTags.context(world, vmid, world.isSingle() ? 0 : Cd.ASID.getInt(cd)) | hints,
                        SmmuTags.global(world, vmid, Cd.ASET.isSet(cd)) | hints);
    }

    /** CD.E0PDx, in worlds that have unprivileged requests. */
    private boolean refusesUnprivileged(long[] cd, BitField e0pd, StreamWorld world) {
        return features.has3(Idr.E0PD) && !world.isSingle() && e0pd.isSet(cd);
    }

    private int permissionControls(long[] cd, StreamWorld world) {
        int controls = world.isSingle() ? Aarch64Stage1.ONE_PRIVILEGE : 0;
        if (Cd.WXN.isSet(cd)) {
            controls |= Aarch64Stage1.WXN;
        }
        if (Cd.PAN.isSet(cd)) {
            controls |= Aarch64Stage1.PAN;
        }
        if (Cd.EPAN.isSet(cd) && features.has3(Idr.EPAN)) {
            controls |= Aarch64Stage1.EPAN;
        }
        return controls;
    }

    /** HA works only where IDR0.HTTU has it; a structure that sets it elsewhere is invalid. */
    private boolean updates(boolean hardwareAccess) {
        return hardwareAccess && Idr.HTTU.get(features.idr0()) != 0;
    }

    private int vmid(long[] ste) {
        return features.hasStage2() ? Ste.S2VMID.getInt(ste) : 0;
    }

    /** INSTCFG and PRIVCFG; INSTCFG changes reads only. */
    private int[] effectiveAccess(long[] ste) {
        boolean overrides = Idr.ATTR_PERMS_OVR.isSet(features.idr1());
        int inst = overrides ? Ste.INSTCFG.getInt(ste) : 0;
        int priv = overrides ? Ste.PRIVCFG.getInt(ste) : 0;
        int[] effective = new int[Access.CODES];
        for (int code = 0; code < effective.length; code++) {
            int e = override(code, Access.PRIVILEGED, priv);
            effective[code] = Access.isWrite(code) ? e & ~Access.INSTRUCTION : override(e, Access.INSTRUCTION, inst);
        }
        return effective;
    }

    private static int override(int code, int bit, int config) {
        return config == OVERRIDE_OFF ? code & ~bit : config == OVERRIDE_ON ? code | bit : code;
    }
}
