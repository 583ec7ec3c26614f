// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Architecture;
import org.iommuemu.iommu.Fault;
import org.iommuemu.iommu.FaultKind;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationContext;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.Permission;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Registers;
import org.jspecify.annotations.Nullable;

/** SMMUv3's part of a transaction's way: the order of checks of IHI 0070 chapter 15, and the faults it ends in. */
final class SmmuArchitecture implements Architecture {
    private final SmmuFeatures features;
    private final RegisterFile registers;
    private final EventRecorder recorder;
    private final ConfigurationFetch configuration;
    private final StalledTransactions stalls;
    private final IncomingAttributes incoming;
    private final Fault bypassFault = new Fault();

    SmmuArchitecture(
            SmmuFeatures features,
            RegisterFile registers,
            EventRecorder recorder,
            ConfigurationFetch configuration,
            StalledTransactions stalls,
            IncomingAttributes incoming) {
        this.features = features;
        this.registers = registers;
        this.recorder = recorder;
        this.configuration = configuration;
        this.stalls = stalls;
        this.incoming = incoming;
    }

    @Override
    public void translateDisabled(Transaction t, Verdict v) {
        if (Registers.GBPA_ABORT.isSet(registers.get(Registers.GBPA))) {
            v.end(Verdict.Status.ABORT, SmmuRule.GBPA_ABORT);
        } else if (t.address() >>> features.outputBits() != 0) {
            v.end(Verdict.Status.ABORT, SmmuRule.DISABLED_ADDRESS_SIZE);
        } else {
            v.ok(t.address(), 12, incoming.ofGlobalBypass(registers.get(Registers.GBPA)));
        }
    }

    @Override
    public @Nullable TranslationContext fetchContext(Transaction t, Verdict v) {
        SmmuContext context = configuration.fetch(t.streamId(), t.substreamId());
        if (context != null) {
            return context;
        }
        SmmuRule why = configuration.refusal();
        if (why == SmmuRule.CD_NOT_LOCATED) {
            translationFault(t, configuration.stream(), configuration.stageTwo().fault(), v);
            return null;
        }
        // Configuration errors abort, whatever a CD says (§5.5).
        boolean silent =
                why.event() == Event.C_BAD_STREAMID && !Registers.RECINVSID.isSet(registers.get(Registers.CR2));
        if (!silent) {
            boolean mergeable = !configuration.isStreamFound() || configuration.merges();
            recorder.configuration(t, why, configuration.fetchAddress(), mergeable);
        }
        v.end(Verdict.Status.ABORT, why);
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
            v.ok(t.address(), 12, c.incoming());
        }
    }

    /** Always recorded and aborted: there is no CD to say otherwise (§5.5). */
    private void bypassTooWide(Transaction t, SmmuContext c, SmmuRule rule, Verdict v) {
        bypassFault.set(FaultKind.ADDRESS_SIZE, 1, Fault.Source.INPUT);
        recorder.translation(t, rule, c.effective(t.access()), !Access.isWrite(t.access()), bypassFault, c.merges());
        v.end(Verdict.Status.ABORT, rule);
    }

    @Override
    public void fault(Transaction t, TranslationContext context, Fault fault, Verdict v) {
        SmmuContext c = (SmmuContext) context;
        // An address that goes past stage 1 must fit the intermediate address space first (§3.4).
        boolean first = fault.stage() == 2 && c.second() == null && fault.source() == Fault.Source.INPUT;
        if (first && t.address() >>> features.outputBits() != 0) {
            bypassTooWide(t, c, SmmuRule.STAGE_1_BYPASS_ADDRESS_SIZE, v);
        } else {
            translationFault(t, c, fault, v);
        }
    }

    /**
     * Ends or stalls a transaction as the stage that faulted is configured (§3.12, §5.5). Stage 2 has no RAZ/WI; a bus without an
     * answer aborts and is recorded whatever the configuration says.
     */
    private void translationFault(Transaction t, SmmuContext c, Fault fault, Verdict v) {
        SmmuRule rule = rule(t, c, fault);
        int access = c.effective(t.access());
        boolean reads = reads(t, c, fault);
        if (rule == SmmuRule.WALK_ABORT) {
            recorder.translation(t, rule, access, reads, fault, c.merges());
            v.end(Verdict.Status.ABORT, rule);
            return;
        }
        boolean stalling = c.stalls(fault.stage());
        if (stalling && stalls.canStall(t.streamId())) {
            stall(t, rule, access, reads, fault, v);
            return;
        }
        // Where a client cannot wait, a fault that should stall is recorded and aborts (§3.12).
        if (stalling || c.records(fault.stage())) {
            recorder.translation(t, rule, access, reads, fault, c.merges());
        }
        boolean aborts = stalling || fault.stage() == 2 || c.aborts();
        v.end(aborts ? Verdict.Status.ABORT : Verdict.Status.READ_ZERO_WRITE_IGNORED, rule);
    }

    private void stall(Transaction t, SmmuRule rule, int access, boolean reads, Fault fault, Verdict v) {
        int tag = stalls.freeTag();
        boolean recorded = tag >= 0 && recorder.stall(t, rule, access, reads, fault, tag);
        v.stall(stalls.hold(t, recorded ? tag : -1), rule);
    }

    private static SmmuRule rule(Transaction t, SmmuContext c, Fault fault) {
        return fault.stage() == 2 ? stage2Rule(fault) : stage1Rule(fault, c.need(t.access()), c.effective(t.access()));
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

    /**
     * The rule that a stage 1 fault stands for.
     *
     * @param need permission bits that the access needs
     * @param access its code after overrides
     */
    static SmmuRule stage1Rule(Fault fault, int need, int access) {
        return switch (fault.kind()) {
            case INPUT_RANGE -> SmmuRule.INPUT_RANGE;
            case WALK_DISABLED -> SmmuRule.WALK_DISABLED;
            case UNPRIVILEGED -> SmmuRule.UNPRIVILEGED_NEVER;
            case INVALID_DESCRIPTOR, RESERVED_BITS, FORBIDDEN_OUTPUT -> SmmuRule.DESCRIPTOR_INVALID;
            case ADDRESS_SIZE -> SmmuRule.OUTPUT_ADDRESS_SIZE;
            case ACCESS_FLAG, UPDATE -> SmmuRule.ACCESS_FLAG;
            case WALK_EXTERNAL_ABORT -> SmmuRule.WALK_ABORT;
            case PERMISSION -> permissionRule(need & ~fault.held(), fault.held(), access);
        };
    }

    /** The rule that a stage 2 fault stands for. */
    static SmmuRule stage2Rule(Fault fault) {
        return switch (fault.kind()) {
            case INPUT_RANGE, WALK_DISABLED, UNPRIVILEGED -> SmmuRule.STAGE_2_INPUT_RANGE;
            case INVALID_DESCRIPTOR, RESERVED_BITS, FORBIDDEN_OUTPUT -> SmmuRule.DESCRIPTOR_INVALID;
            case ADDRESS_SIZE -> SmmuRule.OUTPUT_ADDRESS_SIZE;
            case ACCESS_FLAG, UPDATE -> SmmuRule.ACCESS_FLAG;
            case WALK_EXTERNAL_ABORT -> SmmuRule.WALK_ABORT;
            case PERMISSION ->
                // A table that may be read, but was not, is one in Device memory.
                fault.source() != Fault.Source.INPUT
                                && !fault.isUpdate()
                                && (fault.held() & Permission.PRIVILEGED_READ) != 0
                        ? SmmuRule.STAGE_2_PROTECTED_WALK
                        : SmmuRule.STAGE_2_PERMISSION;
        };
    }

    private static SmmuRule permissionRule(int missing, int held, int access) {
        if ((missing & Permission.EXECUTES) != 0) {
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
