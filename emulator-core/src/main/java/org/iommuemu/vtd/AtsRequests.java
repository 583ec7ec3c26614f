// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.FaultKind;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationCompletion.Status;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.TranslationWalk;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.jspecify.annotations.Nullable;

/** Translation Requests and requests with translated addresses: the decision lists of 10.2 and 10.3. */
final class AtsRequests {
    private static final int PAGE_SHIFT = 12;
    private static final int GIGABYTE_SHIFT = 30;

    private final VtdFeatures features;
    private final TranslationUnit unit;
    private final ContextLookup lookup;
    private final FaultRecorder recorder;
    private final ExecuteRequests execution;
    private final int addressBits;
    private final HostPermissionTable hostPermissions;
    private boolean enabled;

    AtsRequests(
            VtdFeatures features,
            TranslationUnit unit,
            ContextLookup lookup,
            FaultRecorder recorder,
            EntryReader entries,
            ExecuteRequests execution) {
        this.features = features;
        this.unit = unit;
        this.lookup = lookup;
        this.recorder = recorder;
        addressBits = entries.addressBits();
        hostPermissions = new HostPermissionTable(features, entries);
        this.execution = execution;
    }

    /** TE. */
    void enable(boolean on) {
        enabled = on;
    }

    /** Answers a Translation Request. */
    void answer(Transaction t, TranslationCompletion c) {
        if (!enabled || !features.hasExtended(ExtendedCapability.DT)) {
            c.end(Status.UR, null);
            return;
        }
        if (executes(t) && execution.isForbidden()) {
            fail(t, lookup.executionRefusal(t.substreamId()), false, c);
            return;
        }
        VtdContext context = (VtdContext) unit.lookupContext(t.streamId(), t.substreamId());
        boolean kept = context != null && context.refusal() != null && !context.is(VtdContext.FOUND);
        if (context == null || !kept && !context.is(VtdContext.ATS)) {
            // What is refused by the context entry is qualified by that alone: a PASID entry's FPD must not count.
            context = fetch(t, c);
        }
        if (context != null) {
            answer(t, context, c);
        }
    }

    private @Nullable VtdContext fetch(Transaction t, TranslationCompletion c) {
        if (!lookup.findSource(t.streamId(), t.substreamId(), !t.hasSubstream())) {
            return refuse(t, c);
        }
        if (!lookup.allowsAts()) {
            boolean legacy = lookup.mode() == ContextLookup.LEGACY;
            FaultReason why = legacy ? FaultReason.ATS_BLOCKED : FaultReason.SM_DEVICE_TLB_DISABLED;
            fail(t, why, lookup.isSuppressed(), c);
            return null;
        }
        if (InterruptWindow.has(t)) {
            answerInterrupt(t, c);
            return null;
        }
        VtdContext context = lookup.fetch(t.streamId(), t.substreamId());
        if (context == null) {
            return refuse(t, c);
        }
        unit.keepContext(t.streamId(), t.substreamId(), context);
        return context;
    }

    /** Answers what the last lookup refused, and has it kept if it may be. */
    private @Nullable VtdContext refuse(Transaction t, TranslationCompletion c) {
        fail(t, lookup.refusal(), lookup.isSuppressed(), c);
        VtdContext refused = lookup.refused(t.substreamId());
        if (refused != null) {
            unit.keepContext(t.streamId(), t.substreamId(), refused);
        }
        return null;
    }

    private void answer(Transaction t, VtdContext context, TranslationCompletion c) {
        boolean suppressed = context.is(VtdContext.SUPPRESSED);
        FaultReason refusal = context.refusal();
        if (refusal != null && !context.is(VtdContext.FOUND)) {
            fail(t, refusal, suppressed, c);
            return;
        }
        if (InterruptWindow.has(t)) {
            answerInterrupt(t, c);
            return;
        }
        if (refusal != null) {
            fail(t, refusal, suppressed, c);
            return;
        }
        if (executes(t)) {
            c.nothing(PAGE_SHIFT, Access.isPrivileged(t.access()), FaultReason.SM_EXECUTE);
            return;
        }
        boolean write = wantsWrite(t);
        int access = write ? Access.WRITE : Access.READ;
        access |= t.hasSubstream() ? t.access() & Access.PRIVILEGED : 0;
        boolean echoed = t.hasSubstream() && Access.isPrivileged(access);
        boolean privileged = Access.isPrivileged(context.effective(access));
        if (privileged && context.is(VtdContext.NO_SUPERVISOR)) {
            c.nothing(PAGE_SHIFT, echoed, FaultReason.SM_SUPERVISOR);
            return;
        }
        TableRoot root = context.root(t.address());
        if (root == null) {
            if (t.address() >>> addressBits != 0) {
                c.nothing(PAGE_SHIFT, echoed, FaultReason.SM_ADDRESS_WIDTH);
            } else {
                c.success(t.address(), GIGABYTE_SHIFT, true, write, false, echoed);
                c.snooped(context.is(VtdContext.SNOOPED));
            }
            return;
        }
        int need = Permission.of(privileged, false, write, false);
        int useful = Permission.of(privileged, true, write, false);
        boolean found = unit.resolve(root, context.second(), t.address(), need, useful, TranslationWalk.REPORT);
        if (!found && unit.result().fault().kind() != FaultKind.FORBIDDEN_OUTPUT) {
            Transaction asked = new Transaction().set(t.streamId(), t.substreamId(), t.address(), access);
            FaultReason why =
                    VtdArchitecture.reason(asked, context, unit.result().fault());
            fail(t, why, context.is(VtdContext.SUPPRESSED), c);
            return;
        }
        complete(t, context, write, privileged, c);
    }

    /** Answers with what the walk found. */
    private void complete(
            Transaction t, VtdContext context, boolean write, boolean privileged, TranslationCompletion c) {
        boolean echoed = t.hasSubstream() && Access.isPrivileged(t.access());
        TranslationWalk result = unit.result();
        boolean mayRead = (result.permissions() & Permission.of(privileged, true, false, false)) != 0;
        boolean mayWrite = write && (result.permissions() & Permission.of(privileged, false, true, false)) != 0;
        if ((mayRead || mayWrite) && result.meetsForbidden()) {
            boolean scalable = context.is(VtdContext.SCALABLE);
            FaultReason why = scalable ? FaultReason.SM_INTERRUPT_OUTPUT : FaultReason.INTERRUPT_OUTPUT;
            fail(t, why, context.is(VtdContext.SUPPRESSED), c);
        } else if (mayRead || mayWrite) {
            c.success(result.output(), result.shift(), mayRead, mayWrite, false, echoed);
            c.snooped(((result.attributes() | context.attributes()) & VtdLeafRules.SNOOPED) != 0);
        } else {
            c.nothing(PAGE_SHIFT, echoed, nothing(context));
        }
    }

    /** Why there is no permission at all: a first stage allows reads at least, but to those whose pages they are not. */
    private static FaultReason nothing(VtdContext context) {
        if (!context.is(VtdContext.SCALABLE)) {
            return FaultReason.NO_READ;
        }
        return context.is(VtdContext.FIRST_STAGE) && context.second() == null
                ? FaultReason.SM_USER
                : FaultReason.SM_NO_READ;
    }

    /** Of a Translation Request; that for writing may ask for execution too. */
    private static boolean executes(Transaction t) {
        return t.hasSubstream() && (t.access() & Access.INSTRUCTION) != 0;
    }

    /** Without the no-write flag every request is one for writing too. */
    private boolean wantsWrite(Transaction t) {
        return Access.isWrite(t.access()) || !features.hasExtended(ExtendedCapability.NWFS);
    }

    /** Interrupts are to be sent untranslated; what the PASID's tables say of their addresses does not matter (10.2, 4). */
    private void answerInterrupt(Transaction t, TranslationCompletion c) {
        boolean write = wantsWrite(t);
        c.success(t.address(), PAGE_SHIFT, false, write, false, false);
        c.untranslatedOnly(write);
    }

    /** What ends with an answer is recoverable, and is not recorded. */
    private void fail(Transaction t, FaultReason why, boolean suppressed, TranslationCompletion c) {
        FaultReason.Answer answer = why.translation();
        if (answer == FaultReason.Answer.S0 || answer == FaultReason.Answer.SP) {
            c.nothing(PAGE_SHIFT, t.hasSubstream() && Access.isPrivileged(t.access()), why);
            return;
        }
        recorder.record(t, why, suppressed, FaultRecorder.TRANSLATION);
        c.end(answer == FaultReason.Answer.CA ? Status.CA : Status.UR, why);
    }

    /** Answers a request whose address is translated: only root and context entry are looked at. */
    void forward(Transaction t, Verdict v) {
        if (!enabled || !features.hasExtended(ExtendedCapability.DT)) {
            v.end(Verdict.Status.ABORT, FaultReason.ATS_BLOCKED);
            return;
        }
        if (t.hasSubstream() && !features.hasExtended(ExtendedCapability.PTRS)) {
            v.end(Verdict.Status.ABORT, FaultReason.SM_TRANSLATED_PASID);
            return;
        }
        FaultReason why = check(t);
        if (why != null) {
            recorder.record(t, why, lookup.isSuppressed(), FaultRecorder.TRANSLATED);
            v.end(Verdict.Status.ABORT, why);
        } else {
            v.ok(t.address(), PAGE_SHIFT, 0);
        }
    }

    /** HPTE: what may be done at a host address depends on the PASID's table of permissions. */
    private @Nullable FaultReason checkHost(Transaction t) {
        return lookup.scalable(t.substreamId()) == null
                ? lookup.refusal()
                : hostPermissions.check(lookup.pasidEntry(), t.address(), t.access());
    }

    private @Nullable FaultReason check(Transaction t) {
        boolean scalable = lookup.mode() == ContextLookup.SCALABLE;
        if (executes(t) && execution.isForbidden()) {
            return lookup.executionRefusal(t.substreamId());
        }
        if (!lookup.findSource(t.streamId(), t.substreamId(), true)) {
            return lookup.refusal();
        }
        if (!lookup.allowsAts()) {
            return scalable ? FaultReason.SM_DEVICE_TLB_DISABLED : FaultReason.ATS_BLOCKED;
        }
        if (t.hasSubstream() && !ScalableContextEntry.EPTR.isSet(lookup.context())) {
            return FaultReason.SM_TRANSLATED_PASID;
        }
        if (t.hasSubstream() && !lookup.checkPasid(t.substreamId())) {
            return lookup.refusal();
        }
        FaultReason why = scalable && ScalableContextEntry.HPTE.isSet(lookup.context()) ? checkHost(t) : null;
        if (why != null) {
            return why;
        }
        if (t.address() >>> addressBits != 0) {
            return scalable ? FaultReason.SM_ADDRESS_WIDTH : FaultReason.ADDRESS_WIDTH;
        }
        boolean window = t.address() >= VtdLeafRules.INTERRUPT_FIRST && t.address() <= VtdLeafRules.INTERRUPT_LAST;
        if (window) {
            return scalable ? FaultReason.SM_INTERRUPT_OUTPUT : FaultReason.INTERRUPT_OUTPUT;
        }
        return null;
    }
}
