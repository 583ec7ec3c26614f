// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Architecture;
import org.iommuemu.iommu.Fault;
import org.iommuemu.iommu.FaultKind;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.StageTwo;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationContext;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** SMMUv3's part of a transaction's way: the order of checks of IHI 0070 chapter 15, and the faults it ends in. */
final class SmmuArchitecture implements Architecture {
    private final SmmuFeatures features;
    private final RegisterFile registers;
    private final EventRecorder recorder;
    private final StreamTable streams;
    private final ContextTable contexts;
    private final ContextBuilder builder;
    private final StageTwo stageTwo;
    private final Fault bypassFault = new Fault();
    private final long[] ste = new long[Ste.WORDS];
    private final long[] cd = new long[Cd.WORDS];

    SmmuArchitecture(
            SmmuFeatures features,
            RegisterFile registers,
            StructureReader structures,
            EventRecorder recorder,
            StageTwo stageTwo) {
        this.features = features;
        this.registers = registers;
        this.recorder = recorder;
        this.stageTwo = stageTwo;
        streams = new StreamTable(registers, features, structures);
        contexts = new ContextTable(features, structures, stageTwo);
        builder = new ContextBuilder(features);
    }

    @Override
    public void translateDisabled(Transaction t, Verdict v) {
        if (Registers.GBPA_ABORT.isSet(registers.get(Registers.GBPA))) {
            v.end(Verdict.Status.ABORT, SmmuRule.GBPA_ABORT);
        } else if (t.address() >>> features.outputBits() != 0) {
            v.end(Verdict.Status.ABORT, SmmuRule.DISABLED_ADDRESS_SIZE);
        } else {
            pass(t, v);
        }
    }

    @Override
    public @Nullable TranslationContext fetchContext(Transaction t, Verdict v) {
        SmmuRule refused = streams.fetch(t.streamId(), ste);
        if (refused == null) {
            refused = SteRules.check(ste, features);
        }
        if (refused != null) {
            return refuse(t, refused, streams.address(), v);
        }
        int config = Ste.CONFIG.getInt(ste);
        if ((config & Ste.CONFIG_STAGE_1) == 0) {
            return t.hasSubstream()
                    ? refuse(t, SmmuRule.SUBSTREAM_WITHOUT_STAGE_1, 0, v)
                    : builder.withoutStage1(ste, false);
        }
        refused = contexts.select(t, ste);
        if (refused != null) {
            return refuse(t, refused, 0, v);
        }
        if (contexts.index() == ContextTable.BYPASS_STAGE_1) {
            return builder.withoutStage1(ste, true);
        }
        TableRoot second = (config & Ste.CONFIG_STAGE_2) != 0 ? builder.second(ste) : null;
        refused = contexts.fetch(ste, cd, second);
        if (refused == SmmuRule.CD_NOT_LOCATED) {
            stage2Fault(t, builder.withoutStage1(ste, false), stageTwo.fault(), v);
            return null;
        }
        if (refused == null) {
            refused = CdRules.check(cd, ste, features);
        }
        return refused != null ? refuse(t, refused, contexts.address(), v) : builder.stage1(ste, cd);
    }

    /** Configuration errors abort, whatever a CD says (§5.5). */
    private @Nullable TranslationContext refuse(Transaction t, SmmuRule rule, long fetchAddress, Verdict v) {
        recorder.configuration(t, rule, fetchAddress);
        v.end(Verdict.Status.ABORT, rule);
        return null;
    }

    @Override
    public void passThrough(Transaction t, TranslationContext context, Verdict v) {
        SmmuContext c = (SmmuContext) context;
        // The output size is also the intermediate one, as there are no VMSAv8-32 tables (§3.4).
        if (t.address() >>> features.outputBits() != 0) {
            bypassTooWide(
                    t,
                    c,
                    c.isStage1Bypassed() ? SmmuRule.STAGE_1_BYPASS_ADDRESS_SIZE : SmmuRule.BYPASS_ADDRESS_SIZE,
                    v);
        } else {
            pass(t, v);
        }
    }

    /** Always recorded and aborted: there is no CD to say otherwise (§5.5). */
    private void bypassTooWide(Transaction t, SmmuContext c, SmmuRule rule, Verdict v) {
        bypassFault.set(FaultKind.ADDRESS_SIZE, 1, Fault.Source.INPUT);
        recorder.translation(t, rule, c.effective(t.access()), !Access.isWrite(t.access()), bypassFault);
        v.end(Verdict.Status.ABORT, rule);
    }

    private static void pass(Transaction t, Verdict v) {
        v.ok(t.address(), 12, MemoryAttributes.INCOMING);
    }

    @Override
    public void fault(Transaction t, TranslationContext context, Fault fault, Verdict v) {
        SmmuContext c = (SmmuContext) context;
        if (fault.stage() == 2) {
            // An address that goes past stage 1 must fit the intermediate address space first (§3.4).
            boolean first = c.second() == null && fault.source() == Fault.Source.INPUT;
            if (first && t.address() >>> features.outputBits() != 0) {
                bypassTooWide(t, c, SmmuRule.STAGE_1_BYPASS_ADDRESS_SIZE, v);
            } else {
                stage2Fault(t, c, fault, v);
            }
            return;
        }
        SmmuRule rule = stage1Rule(t, c, fault);
        int access = c.effective(t.access());
        if (rule == SmmuRule.WALK_ABORT) {
            recorder.translation(t, rule, access, !Access.isWrite(access), fault);
            v.end(Verdict.Status.ABORT, rule);
            return;
        }
        if (c.records()) {
            recorder.translation(t, rule, access, reads(t, c, fault), fault);
        }
        v.end(c.aborts() ? Verdict.Status.ABORT : Verdict.Status.READ_ZERO_WRITE_IGNORED, rule);
    }

    /** Stage 2 faults abort; STE.S2R decides whether they are recorded, but for those of a bus (§5.5). */
    private void stage2Fault(Transaction t, SmmuContext c, Fault fault, Verdict v) {
        SmmuRule rule = stage2Rule(fault);
        if (rule == SmmuRule.WALK_ABORT || c.stage2Records()) {
            recorder.translation(t, rule, c.effective(t.access()), reads(t, c, fault), fault);
        }
        v.end(Verdict.Status.ABORT, rule);
    }

    /** RnW: an atomic that lacks only read permission is reported as a read (§7.3.16). */
    private static boolean reads(Transaction t, SmmuContext c, Fault fault) {
        boolean reads = !Access.isWrite(t.access());
        if (fault.kind() != FaultKind.PERMISSION || fault.source() != Fault.Source.INPUT) {
            return reads;
        }
        int missing = c.need(t.access()) & ~fault.held();
        return reads || (missing & ~Permission.READS) == 0;
    }

    private static SmmuRule stage1Rule(Transaction t, SmmuContext c, Fault fault) {
        return switch (fault.kind()) {
            case INPUT_RANGE -> SmmuRule.INPUT_RANGE;
            case WALK_DISABLED -> SmmuRule.WALK_DISABLED;
            case INVALID_DESCRIPTOR -> SmmuRule.DESCRIPTOR_INVALID;
            case ADDRESS_SIZE -> SmmuRule.OUTPUT_ADDRESS_SIZE;
            case ACCESS_FLAG -> SmmuRule.ACCESS_FLAG;
            case WALK_EXTERNAL_ABORT -> SmmuRule.WALK_ABORT;
            case PERMISSION ->
                permissionRule(c.need(t.access()) & ~fault.held(), fault.held(), c.effective(t.access()));
        };
    }

    private static SmmuRule stage2Rule(Fault fault) {
        return switch (fault.kind()) {
            case INPUT_RANGE, WALK_DISABLED -> SmmuRule.STAGE_2_INPUT_RANGE;
            case INVALID_DESCRIPTOR -> SmmuRule.DESCRIPTOR_INVALID;
            case ADDRESS_SIZE -> SmmuRule.OUTPUT_ADDRESS_SIZE;
            case ACCESS_FLAG -> SmmuRule.ACCESS_FLAG;
            case WALK_EXTERNAL_ABORT -> SmmuRule.WALK_ABORT;
            case PERMISSION ->
                fault.source() != Fault.Source.INPUT && (fault.held() & Permission.PRIVILEGED_READ) != 0
                        ? SmmuRule.STAGE_2_PROTECTED_WALK
                        : SmmuRule.STAGE_2_PERMISSION;
        };
    }

    private static SmmuRule permissionRule(int missing, int held, int access) {
        int executes = Permission.PRIVILEGED_EXECUTE | Permission.UNPRIVILEGED_EXECUTE;
        if ((missing & executes) != 0) {
            return SmmuRule.PERMISSION_EXECUTE_NEVER;
        }
        if (Access.isPrivileged(access)) {
            return (held & Permission.PRIVILEGED_READ) == 0
                    ? SmmuRule.PERMISSION_PRIVILEGED_NEVER
                    : SmmuRule.PERMISSION_READ_ONLY;
        }
        return (held & Permission.UNPRIVILEGED_READ) == 0
                ? SmmuRule.PERMISSION_PRIVILEGED_ONLY
                : SmmuRule.PERMISSION_READ_ONLY;
    }
}
