// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Fault;
import org.iommuemu.iommu.FaultKind;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationCompletion.Status;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.TranslationWalk;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** Answers ATS Translation Requests (IHI 0070 §3.9.1, §13.7). Nothing stalls, and faults of translation are not recorded. */
final class TranslationRequests {
    private final SmmuFeatures features;
    private final RegisterFile registers;
    private final TranslationUnit unit;
    private final ConfigurationFetch configuration;
    private final EventRecorder recorder;
    private long answered;

    TranslationRequests(
            SmmuFeatures features,
            RegisterFile registers,
            TranslationUnit unit,
            ConfigurationFetch configuration,
            EventRecorder recorder) {
        this.features = features;
        this.registers = registers;
        this.unit = unit;
        this.configuration = configuration;
        this.recorder = recorder;
    }

    /** Answers a request. */
    void answer(Transaction t, TranslationCompletion c) {
        answered++;
        if (!features.has0(Idr.ATS)) {
            c.end(Status.UR, SmmuRule.ATS_ABSENT);
        } else if (!Registers.SMMUEN.isSet(registers.get(Registers.CR0))) {
            // Nothing says that the stream lets events be merged, and this one may not be without (§7.3.1).
            refuse(t, false, c);
        } else {
            SmmuContext context = (SmmuContext) unit.lookupContext(t.streamId(), t.substreamId());
            if (context == null) {
                context = fetch(t, c);
            }
            if (context != null) {
                answer(t, context, c);
            }
        }
    }

    /** A stream without ATS is refused before its substream is looked at; an aborting stream silently (§3.9.1). */
    private @Nullable SmmuContext fetch(Transaction t, TranslationCompletion c) {
        if (!configuration.findStream(t.streamId())) {
            refuseConfiguration(t, c);
        } else if (effective(configuration.ats(), registers) == 0) {
            refuse(t, configuration.merges(), c);
        } else {
            SmmuContext context = configuration.findContext(t.substreamId(), TranslationWalk.ACCESS);
            if (context != null) {
                unit.keepContext(t.streamId(), t.substreamId(), context);
                return context;
            }
            refuseConfiguration(t, c);
        }
        return null;
    }

    private void answer(Transaction t, SmmuContext context, TranslationCompletion c) {
        int ats = effective(context.ats(), registers);
        if (ats == 0) {
            refuse(t, context.merges(), c);
            return;
        }
        int asked = asked(t);
        boolean privileged = Access.isPrivileged(context.effective(asked & Access.PRIVILEGED));
        boolean execute = (asked & Access.INSTRUCTION) != 0;
        boolean echoed = (asked & Access.PRIVILEGED) != 0;
        TableRoot root = context.root(t.address());
        if (root == null) {
            // Stage 1 is passed, and there is no other.
            if (t.address() >>> features.outputBits() != 0) {
                c.nothing(features.smallestGranuleShift(), echoed, SmmuRule.STAGE_1_BYPASS_ADDRESS_SIZE);
            } else {
                c.success(t.address(), features.smallestGranuleShift(), true, true, execute, echoed);
            }
            return;
        }
        boolean split = ats == Ste.EATS_SPLIT;
        int mode = split ? TranslationWalk.REPORT | TranslationWalk.SPLIT : TranslationWalk.REPORT;
        int need = Permission.of(privileged, false, Access.isWrite(asked), false);
        boolean instruction = Access.isInstruction(context.effective(Access.READ));
        int useful = Permission.of(privileged, !instruction, true, instruction);
        if (!unit.resolve(root, context.second(), t.address(), need, useful, mode)) {
            fault(t, context, unit.result().fault(), c);
            return;
        }
        TranslationWalk result = unit.result();
        long output = !split ? result.output() : context.second() == null ? t.address() : result.intermediate();
        grant(context, result, output, privileged, execute, echoed, c);
    }

    /** What is asked for; without a PASID neither execute nor privileged (§13.7). */
    private static int asked(Transaction t) {
        return t.hasSubstream() ? t.access() : t.access() & Access.WRITE;
    }

    /** What a device may do, by the permissions of both stages and the stream's INSTCFG (§13.7). */
    private void grant(
            SmmuContext context,
            TranslationWalk result,
            long output,
            boolean privileged,
            boolean executeAsked,
            boolean echoed,
            TranslationCompletion c) {
        int has = result.permissions();
        boolean readable = allows(has, Permission.of(privileged, true, false, false));
        boolean writable = allows(has, Permission.of(privileged, false, true, false));
        boolean executable = allows(has, Permission.of(privileged, false, false, true));
        boolean isInstruction = Access.isInstruction(context.effective(Access.READ));
        boolean isData = !Access.isInstruction(context.effective(Access.INSTRUCTION));
        boolean read = isInstruction ? executable : readable;
        boolean execute = executeAsked && read && (isInstruction || isData || executable);
        if (read || writable) {
            c.success(output, result.shift(), read, writable, execute, echoed);
        } else {
            c.nothing(features.smallestGranuleShift(), echoed, SmmuRule.ATS_NO_PERMISSION);
        }
    }

    private static boolean allows(int has, int bit) {
        return (has & bit) != 0;
    }

    private void refuse(Transaction t, boolean mergeable, TranslationCompletion c) {
        recorder.badTranslationRequest(t, mergeable);
        c.end(Status.UR, SmmuRule.ATS_REQUEST_REFUSED);
    }

    private void refuseConfiguration(Transaction t, TranslationCompletion c) {
        SmmuRule why = configuration.refusal();
        if (why == SmmuRule.STE_ABORT) {
            c.end(Status.UR, why);
        } else if (why == SmmuRule.CD_NOT_LOCATED) {
            fault(t, configuration.stream(), configuration.stageTwo().fault(), c);
        } else {
            boolean known =
                    why.event() != Event.C_BAD_STREAMID || Registers.RECINVSID.isSet(registers.get(Registers.CR2));
            if (known && recordsConfiguration(registers)) {
                boolean mergeable = !configuration.isStreamFound() || configuration.merges();
                recorder.configuration(t, why, configuration.fetchAddress(), mergeable);
            }
            c.end(Status.CA, why);
        }
    }

    /** Only a bus without an answer is an error; everything else means that the device gets no access. */
    private void fault(Transaction t, SmmuContext context, Fault fault, TranslationCompletion c) {
        int access = context.effective(asked(t));
        SmmuRule rule =
                fault.stage() == 2 ? SmmuArchitecture.stage2Rule(fault) : SmmuArchitecture.stage1Rule(fault, 0, access);
        if (fault.kind() != FaultKind.WALK_EXTERNAL_ABORT) {
            c.nothing(features.smallestGranuleShift(), Access.isPrivileged(asked(t)), rule);
            return;
        }
        if (recordsConfiguration(registers)) {
            recorder.translation(t, rule, access, true, fault, context.merges());
        }
        c.end(Status.CA, rule);
    }

    /** CR2.REC_CFG_ATS: configuration errors of ATS are recorded. */
    static boolean recordsConfiguration(RegisterFile registers) {
        return Registers.REC_CFG_ATS.isSet(registers.get(Registers.CR2));
    }

    /** The effective EATS: split-stage ATS works only with CR0.ATSCHK, the device permission table not at all (§5.2). */
    static int effective(int ats, RegisterFile registers) {
        return switch (ats) {
            case Ste.EATS_FULL -> Ste.EATS_FULL;
            case Ste.EATS_SPLIT -> Registers.ATSCHK.isSet(registers.get(Registers.CR0)) ? Ste.EATS_SPLIT : 0;
            default -> 0;
        };
    }

    /** Requests answered so far. */
    long answered() {
        return answered;
    }
}
