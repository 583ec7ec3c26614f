// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.TranslationContext;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/** A stream's resolved configuration: the tables, and what its CD says about faults (IHI 0070 §5.5). */
final class SmmuContext extends TranslationContext {
    private final boolean abort;
    private final boolean record;
    private final boolean stage1Bypassed;

    private SmmuContext(
            @Nullable TableRoot lower,
            @Nullable TableRoot upper,
            int[] effective,
            boolean abort,
            boolean record,
            boolean stage1Bypassed) {
        super(lower, upper, effective);
        this.abort = abort;
        this.record = record;
        this.stage1Bypassed = stage1Bypassed;
    }

    static SmmuContext stage1(TableRoot lower, TableRoot upper, int[] effective, boolean abort, boolean record) {
        return new SmmuContext(lower, upper, effective, abort, record, false);
    }

    static SmmuContext bypass(int[] effective, boolean stage1Bypassed) {
        return new SmmuContext(null, null, effective, true, true, stage1Bypassed);
    }

    /** CD.A: a fault terminates with an abort, rather than with RAZ/WI. */
    boolean aborts() {
        return abort;
    }

    /** CD.R: a fault is recorded. */
    boolean records() {
        return record;
    }

    /** Whether the stream has stage 1 but this request goes past it (S1DSS=0b01). */
    boolean isStage1Bypassed() {
        return stage1Bypassed;
    }
}
