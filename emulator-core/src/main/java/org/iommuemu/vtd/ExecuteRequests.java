// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;

/** Untranslated requests with a PASID that ask for execution, which the unit does not have (10.1, steps 4 and 10). */
final class ExecuteRequests {
    /** Major version from which they are refused before any table. */
    private static final int FORBIDDEN = 8;

    private final boolean forbidden;
    private final TranslationUnit unit;
    private final ContextLookup lookup;
    private final FaultRecorder recorder;

    ExecuteRequests(VtdFeatures features, TranslationUnit unit, ContextLookup lookup, FaultRecorder recorder) {
        forbidden = features.major() >= FORBIDDEN;
        this.unit = unit;
        this.lookup = lookup;
        this.recorder = recorder;
    }

    /** Whether no table matters. */
    boolean isForbidden() {
        return forbidden;
    }

    /** Whether a request is one. */
    static boolean includes(Transaction t) {
        return t.hasSubstream() && Access.isInstruction(t.access());
    }

    /** Refuses one. */
    void refuse(Transaction t, Verdict v) {
        FaultReason why = FaultReason.SM_EXECUTE;
        boolean suppressed = false;
        if (forbidden) {
            why = lookup.executionRefusal(t.substreamId());
        } else {
            VtdContext context = (VtdContext) unit.lookupContext(t.streamId(), t.substreamId());
            if (context == null) {
                context = lookup.fetch(t.streamId(), t.substreamId());
                why = context == null ? lookup.refusal() : why;
            }
            if (context != null && context.refusal() != null) {
                why = context.refusal();
            }
            suppressed = context == null ? lookup.isSuppressed() : context.is(VtdContext.SUPPRESSED);
        }
        recorder.record(t, why, suppressed, FaultRecorder.UNTRANSLATED);
        v.end(Verdict.Status.ABORT, why);
    }
}
