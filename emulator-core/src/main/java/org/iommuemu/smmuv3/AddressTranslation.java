// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Fault;
import org.iommuemu.iommu.FaultKind;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.TranslationWalk;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.smmuv3.spec.AtosRegisters;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/**
 * Address translation operations: software asks for a translation through registers (IHI 0070 chapter 9). An operation takes
 * effect at once; it records no event, and neither uses nor fills the IOTLB.
 */
final class AddressTranslation {
    private final SmmuFeatures features;
    private final RegisterFile file;
    private final TranslationUnit unit;
    private final ConfigurationFetch configuration;

    AddressTranslation(
            SmmuFeatures features, RegisterFile file, TranslationUnit unit, ConfigurationFetch configuration) {
        this.features = features;
        this.file = file;
        this.unit = unit;
        this.configuration = configuration;
    }

    /** Lets the registers of both interfaces work, as far as they are there. */
    void bind() {
        bind(Registers.GATOS, features.has0(Idr.ATOS), false);
        bind(Registers.VATOS, features.has0(Idr.VATOS), true);
        file.guard(Registers.VATOS_SEL, () -> features.has0(Idr.VATOS));
    }

    private void bind(AtosRegisters r, boolean present, boolean virtual) {
        file.guard(r.ctrl(), () -> present && Registers.SMMUEN.isSet(file.get(Registers.CR0)));
        file.guard(r.sid(), () -> present);
        file.guard(r.addr(), () -> present);
        int substreamBits = features.substreamIdBits();
        long sidMask = AtosRegisters.STREAM_ID.of((1L << features.streamIdBits()) - 1)
                | AtosRegisters.SUBSTREAM_ID.of((1L << substreamBits) - 1)
                | AtosRegisters.SSID_VALID.of(substreamBits == 0 ? 0 : 1);
        // Bits of a StreamID or SubstreamID that are not supported are RES0 (§6.3.38).
        file.onWrite(r.sid(), (old, requested) -> file.set(r.sid(), requested & sidMask));
        file.onWrite(r.ctrl(), (old, requested) -> {
            if (AtosRegisters.RUN.isSet(requested)) {
                file.set(r.par(), operate(file.get(r.sid()), file.get(r.addr()), virtual));
            }
        });
    }

    /** The result of one operation, as the PAR register has it. */
    private long operate(long sid, long addr, boolean virtual) {
        int type = AtosRegisters.TYPE.getInt(addr);
        boolean stage1 = (type & AtosRegisters.TYPE_STAGE_1) != 0;
        boolean stage2 = (type & AtosRegisters.TYPE_STAGE_2) != 0;
        boolean substream = AtosRegisters.SSID_VALID.isSet(sid);
        boolean possible = (!stage1 || features.has0(Idr.S1P)) && (!stage2 || features.hasStage2());
        if (type == 0 || !possible || stage2 && virtual || !stage1 && substream) {
            return failure(AtosRegisters.INV_REQ, AtosRegisters.REASON_STAGE_1, 0);
        }
        int stream = AtosRegisters.STREAM_ID.getInt(sid);
        int mode = AtosRegisters.HTTUI.isSet(addr) ? TranslationWalk.NO_UPDATE : TranslationWalk.ACCESS;
        if (!configuration.findStream(stream) && !configuration.isStreamFound()) {
            return failure(configuration.refusal());
        }
        if (virtual && configuration.vmid() != file.get(Registers.VATOS_SEL) || virtual && !isTagged()) {
            return failure(Event.C_BAD_STE.type(), AtosRegisters.REASON_STAGE_1, 0);
        }
        int config = configuration.config();
        int wanted = Ste.CONFIG_ENABLE | (stage1 ? Ste.CONFIG_STAGE_1 : 0) | (stage2 ? Ste.CONFIG_STAGE_2 : 0);
        if ((config & wanted) != wanted) {
            return failure(AtosRegisters.INV_STAGE, AtosRegisters.REASON_STAGE_1, 0);
        }
        long address = AtosRegisters.ADDR.inPlace(addr);
        if (!stage1) {
            return stage2(address, addr, mode);
        }
        int substreamId = substream ? AtosRegisters.SUBSTREAM_ID.getInt(sid) : Transaction.NO_SUBSTREAM;
        SmmuContext context = configuration.findContext(substreamId, mode);
        if (context == null) {
            SmmuRule why = configuration.refusal();
            return why == SmmuRule.CD_NOT_LOCATED
                    ? translationFailure(type, configuration.stageTwo().fault())
                    : failure(why);
        }
        return stage1(type, context, address, addr, mode);
    }

    /** Whether the stream's translations carry a VMID: not those of an aborting or bypassing one, nor those of EL2. */
    private boolean isTagged() {
        int config = configuration.config();
        return (config & Ste.CONFIG_ENABLE) != 0
                && config != Ste.CONFIG_ENABLE
                && configuration.world().hasVmid();
    }

    private long stage2(long address, long addr, int mode) {
        if (address >>> features.outputBits() != 0) {
            return failure(Event.F_ADDR_SIZE.type(), AtosRegisters.REASON_STAGE_1, 0);
        }
        return walk(AtosRegisters.TYPE_STAGE_2, configuration.second(), null, address, addr, mode);
    }

    private long stage1(int type, SmmuContext context, long address, long addr, int mode) {
        if (!context.isStage1Bypassed()) {
            TableRoot root = context.root(address);
            int how = type == AtosRegisters.TYPE_STAGE_1 ? mode | TranslationWalk.FIRST_STAGE : mode;
            return root == null
                    ? failure(AtosRegisters.INV_STAGE, AtosRegisters.REASON_STAGE_1, 0)
                    : walk(type, root, context.second(), address, addr, how);
        }
        if (address >>> features.outputBits() != 0) {
            return failure(Event.F_ADDR_SIZE.type(), AtosRegisters.REASON_STAGE_1, 0);
        }
        return type == AtosRegisters.TYPE_STAGE_1
                ? success(address, features.smallestGranuleShift(), MemoryAttributes.INCOMING)
                : walk(type, configuration.second(), null, address, addr, mode);
    }

    private long walk(int type, TableRoot root, @Nullable TableRoot second, long address, long addr, int mode) {
        boolean read = AtosRegisters.RNW.isSet(addr);
        int access = (read ? Access.READ : Access.WRITE)
                | (read && AtosRegisters.IND.isSet(addr) ? Access.INSTRUCTION : 0)
                | (AtosRegisters.PNU.isSet(addr) ? Access.PRIVILEGED : 0);
        int need = Access.need(access);
        // Some mode must be set, so that the IOTLB is left alone.
        if (!unit.resolve(root, second, address, need, need, mode | TranslationWalk.SPLIT)) {
            return translationFailure(type, unit.result().fault());
        }
        TranslationWalk result = unit.result();
        return success(result.output(), result.shift(), result.attributes());
    }

    private static long success(long output, int shift, long attributes) {
        long page = output & -(1L << shift);
        long size = shift > 12 ? AtosRegisters.SIZE.of(1) | 1L << shift - 1 : 0;
        return AtosRegisters.PAR_ADDR.inPlace(page)
                | size
                | AtosRegisters.SH.of(attributes >>> 8 & 3)
                | AtosRegisters.ATTR.of(attributes & 0xFF);
    }

    private static long failure(SmmuRule why) {
        Event event = why.event();
        // A stream that aborts everything has an STE, but not the stage that is asked for.
        int code = event == null ? AtosRegisters.INV_STAGE : event.type();
        return failure(code, AtosRegisters.REASON_STAGE_1, 0);
    }

    private static long failure(int code, int reason, long intermediate) {
        return AtosRegisters.FAULT.of(1)
                | AtosRegisters.REASON.of(reason)
                | AtosRegisters.FAULTCODE.of(code)
                | AtosRegisters.FADDR.inPlace(intermediate);
    }

    /** A request for stage 1 alone is not told of stage 2: its faults look like a bus without an answer (§9.1.4). */
    private static long translationFailure(int type, Fault fault) {
        boolean walk = fault.kind() == FaultKind.WALK_EXTERNAL_ABORT;
        if (fault.stage() == 1) {
            Event event = SmmuArchitecture.stage1Rule(fault, Permission.ALL, Access.READ)
                    .event();
            return failure(event == null ? 0 : event.type(), AtosRegisters.REASON_STAGE_1, 0);
        }
        if (type == AtosRegisters.TYPE_STAGE_1) {
            Event event = fault.source() == Fault.Source.STRUCTURE ? Event.F_CD_FETCH : Event.F_WALK_EABT;
            return failure(event.type(), AtosRegisters.REASON_STAGE_1, 0);
        }
        Event event = SmmuArchitecture.stage2Rule(fault).event();
        int reason = switch (fault.source()) {
            case STRUCTURE -> AtosRegisters.REASON_CD;
            case TABLE -> AtosRegisters.REASON_TT;
            case INPUT -> AtosRegisters.REASON_IN;
        };
        boolean told = type == AtosRegisters.TYPE_BOTH && !walk;
        return failure(event == null ? 0 : event.type(), reason, told ? fault.intermediate() : 0);
    }
}
