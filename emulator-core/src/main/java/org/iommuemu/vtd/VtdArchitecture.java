// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Architecture;
import org.iommuemu.iommu.Fault;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationContext;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.Permission;
import org.jspecify.annotations.Nullable;

/** VT-d's part of a transaction's way: the decision list for untranslated requests, and the faults it ends in (10.1). */
final class VtdArchitecture implements Architecture {
    private static final int PAGE_SHIFT = 12;

    private final ContextLookup lookup;
    private final FaultRecorder recorder;
    private final int addressBits;

    VtdArchitecture(ContextLookup lookup, FaultRecorder recorder, int addressBits) {
        this.lookup = lookup;
        this.recorder = recorder;
        this.addressBits = addressBits;
    }

    @Override
    public void translateDisabled(Transaction t, Verdict v) {
        v.ok(t.address(), PAGE_SHIFT, 0);
    }

    @Override
    public @Nullable TranslationContext fetchContext(Transaction t, Verdict v) {
        VtdContext context = lookup.fetch(t.streamId(), t.substreamId());
        if (context == null) {
            context = lookup.refused(t.substreamId());
        }
        if (context == null) {
            refuse(t, lookup.refusal(), lookup.isSuppressed(), v);
        }
        return context;
    }

    @Override
    public void passThrough(Transaction t, TranslationContext context, Verdict v) {
        VtdContext c = (VtdContext) context;
        boolean scalable = c.is(VtdContext.SCALABLE);
        FaultReason why = null;
        if (c.refusal() != null) {
            why = c.refusal();
        } else if (isForbiddenSupervisor(t, c)) {
            why = FaultReason.SM_SUPERVISOR;
        } else if (t.address() >>> addressBits != 0) {
            why = scalable ? FaultReason.SM_ADDRESS_WIDTH : FaultReason.ADDRESS_WIDTH;
        } else if (t.address() >= VtdLeafRules.INTERRUPT_FIRST && t.address() <= VtdLeafRules.INTERRUPT_LAST) {
            // Without a PASID, and so in legacy mode, such an address is not translated at all.
            why = FaultReason.SM_INTERRUPT_OUTPUT;
        }
        if (why != null) {
            refuse(t, why, c.is(VtdContext.SUPPRESSED), v);
        } else {
            v.ok(t.address(), PAGE_SHIFT, c.attributes());
        }
    }

    @Override
    public void fault(Transaction t, TranslationContext context, Fault fault, Verdict v) {
        VtdContext c = (VtdContext) context;
        refuse(t, reason(t, c, fault), c.is(VtdContext.SUPPRESSED), v);
    }

    private void refuse(Transaction t, FaultReason why, boolean suppressed, Verdict v) {
        recorder.record(t, why, suppressed, FaultRecorder.UNTRANSLATED);
        v.end(Verdict.Status.ABORT, why);
    }

    private static boolean isForbiddenSupervisor(Transaction t, VtdContext c) {
        return c.is(VtdContext.NO_SUPERVISOR) && Access.isPrivileged(c.effective(t.access()));
    }

    /** The reason that a fault of translation stands for. */
    static FaultReason reason(Transaction t, VtdContext c, Fault fault) {
        if (!c.is(VtdContext.SCALABLE)) {
            return legacy(t, fault);
        }
        if (isForbiddenSupervisor(t, c)) {
            return FaultReason.SM_SUPERVISOR;
        }
        boolean input = fault.source() == Fault.Source.INPUT;
        if (fault.stage() == 1) {
            return firstStage(Access.isPrivileged(c.effective(t.access())), fault);
        }
        return input ? secondStage(t, c, fault) : nestedTable(fault);
    }

    private static FaultReason legacy(Transaction t, Fault fault) {
        return switch (fault.kind()) {
            case INPUT_RANGE, ADDRESS_SIZE -> FaultReason.ADDRESS_WIDTH;
            case RESERVED_BITS -> FaultReason.SECOND_STAGE_RESERVED;
            case WALK_EXTERNAL_ABORT ->
                fault.isTop() ? FaultReason.CONTEXT_PROGRAMMING : FaultReason.SECOND_STAGE_FETCH;
            case FORBIDDEN_OUTPUT -> FaultReason.INTERRUPT_OUTPUT;
            case INVALID_DESCRIPTOR, PERMISSION, ACCESS_FLAG, UPDATE, WALK_DISABLED, UNPRIVILEGED ->
                lacksWrite(t, fault) ? FaultReason.NO_WRITE : FaultReason.NO_READ;
        };
    }

    /** An atomic that lacks both is a write. */
    private static boolean lacksWrite(Transaction t, Fault fault) {
        return Access.isWrite(t.access()) && (fault.held() & Permission.PRIVILEGED_WRITE) == 0;
    }

    private static FaultReason firstStage(boolean privileged, Fault fault) {
        return switch (fault.kind()) {
            case INPUT_RANGE, ADDRESS_SIZE -> FaultReason.SM_NOT_CANONICAL;
            case RESERVED_BITS -> FaultReason.SM_FIRST_STAGE_RESERVED;
            case UPDATE -> FaultReason.SM_FIRST_STAGE_UPDATE;
            case WALK_EXTERNAL_ABORT ->
                fault.isTop() ? FaultReason.SM_FIRST_STAGE_TOP_FETCH : FaultReason.SM_FIRST_STAGE_FETCH;
            case FORBIDDEN_OUTPUT -> FaultReason.SM_INTERRUPT_OUTPUT;
            case INVALID_DESCRIPTOR, ACCESS_FLAG, WALK_DISABLED, UNPRIVILEGED -> FaultReason.SM_FIRST_STAGE_NOT_PRESENT;
            case PERMISSION -> {
                boolean readable = (fault.held() & Permission.UNPRIVILEGED_READ) != 0;
                yield !privileged && !readable ? FaultReason.SM_USER : FaultReason.SM_NO_WRITE;
            }
        };
    }

    private static FaultReason secondStage(Transaction t, VtdContext c, Fault fault) {
        return switch (fault.kind()) {
            case INPUT_RANGE, ADDRESS_SIZE ->
                c.is(VtdContext.FIRST_STAGE) ? FaultReason.SM_NESTED_ADDRESS_WIDTH : FaultReason.SM_SECOND_STAGE_WIDTH;
            case RESERVED_BITS -> FaultReason.SM_SECOND_STAGE_RESERVED;
            case UPDATE -> FaultReason.SM_SECOND_STAGE_UPDATE;
            case WALK_EXTERNAL_ABORT ->
                fault.isTop() ? FaultReason.SM_SECOND_STAGE_TOP_FETCH : FaultReason.SM_SECOND_STAGE_FETCH;
            case FORBIDDEN_OUTPUT -> FaultReason.SM_INTERRUPT_OUTPUT;
            case INVALID_DESCRIPTOR, ACCESS_FLAG, WALK_DISABLED, UNPRIVILEGED ->
                FaultReason.SM_SECOND_STAGE_NOT_PRESENT;
            // Something is allowed, or the walk would have ended at an entry that is not present.
            case PERMISSION -> lacksWrite(t, fault) ? FaultReason.SM_NO_WRITE : FaultReason.SM_NO_READ;
        };
    }

    /** The second stage does not let a first-stage table be read, or marked (3.8). */
    private static FaultReason nestedTable(Fault fault) {
        return switch (fault.kind()) {
            case INPUT_RANGE, ADDRESS_SIZE -> FaultReason.SM_NESTED_ADDRESS_WIDTH;
            case RESERVED_BITS -> FaultReason.SM_SECOND_STAGE_RESERVED;
            case UPDATE -> FaultReason.SM_SECOND_STAGE_UPDATE;
            case WALK_EXTERNAL_ABORT ->
                fault.isTop() ? FaultReason.SM_SECOND_STAGE_TOP_FETCH : FaultReason.SM_SECOND_STAGE_FETCH;
            case FORBIDDEN_OUTPUT -> FaultReason.SM_INTERRUPT_OUTPUT;
            case INVALID_DESCRIPTOR, ACCESS_FLAG, WALK_DISABLED, UNPRIVILEGED ->
                FaultReason.SM_SECOND_STAGE_NOT_PRESENT;
            case PERMISSION -> {
                if ((fault.held() & Permission.PRIVILEGED_READ) != 0) {
                    yield FaultReason.SM_NESTED_WRITE;
                }
                yield fault.isTop() ? FaultReason.SM_NESTED_TOP_READ : FaultReason.SM_NESTED_READ;
            }
        };
    }
}
