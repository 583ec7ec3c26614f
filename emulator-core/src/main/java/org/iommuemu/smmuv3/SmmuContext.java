// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.TranslationContext;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/** A stream's resolved configuration: the tables, and what its CD says about faults (IHI 0070 §5.5). */
final class SmmuContext extends TranslationContext {
    private final boolean abort;
    private final boolean record;
    private final boolean stage2Records;
    private final boolean stage1Bypassed;

    private SmmuContext(
            @Nullable TableRoot lower,
            @Nullable TableRoot upper,
            @Nullable TableRoot second,
            int[] effective,
            boolean abort,
            boolean record,
            boolean stage2Records,
            boolean stage1Bypassed) {
        super(lower, upper, second, effective);
        this.abort = abort;
        this.record = record;
        this.stage2Records = stage2Records;
        this.stage1Bypassed = stage1Bypassed;
    }

    static SmmuContext stage1(
            TableRoot lower,
            TableRoot upper,
            @Nullable TableRoot second,
            int[] effective,
            boolean abort,
            boolean record,
            boolean stage2Records) {
        return new SmmuContext(lower, upper, second, effective, abort, record, stage2Records, false);
    }

    static SmmuContext withoutStage1(
            @Nullable TableRoot stage2, int[] effective, boolean stage1Bypassed, boolean stage2Records) {
        return new SmmuContext(stage2, stage2, null, effective, true, true, stage2Records, stage1Bypassed);
    }

    /** CD.A: a stage 1 fault terminates with an abort, rather than with RAZ/WI. Stage 2 faults always abort. */
    boolean aborts() {
        return abort;
    }

    /** CD.R: a stage 1 fault is recorded. */
    boolean records() {
        return record;
    }

    /** STE.S2R: a stage 2 fault is recorded. */
    boolean stage2Records() {
        return stage2Records;
    }

    /** Whether the stream has stage 1 but this request goes past it (S1DSS=0b01). */
    boolean isStage1Bypassed() {
        return stage1Bypassed;
    }
}
