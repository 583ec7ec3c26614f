// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.TranslationContext;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/** A stream's resolved configuration: the tables, and what STE and CD say about faults and ATS (IHI 0070 §5.2, §5.5). */
final class SmmuContext extends TranslationContext {
    /** CD.A. */
    static final int ABORT = 1;
    /** CD.R. */
    static final int RECORD = 1 << 1;
    /** CD.S. */
    static final int STALL = 1 << 2;
    /** STE.S2R. */
    static final int STAGE_2_RECORD = 1 << 3;
    /** STE.S2S. */
    static final int STAGE_2_STALL = 1 << 4;
    /** STE.MEV. */
    static final int MERGE = 1 << 5;
    /** S1DSS=0b01 and no SubstreamID. */
    static final int STAGE_1_BYPASSED = 1 << 6;
    /** Config=0b100. */
    static final int BYPASS = 1 << 7;

    /** VA[55] selects between TTB0 and TTB1, also where the top byte is ignored (§3.4.1). */
    private static final int HALF_BIT = 55;

    private final int controls;
    private final int ats;
    private final long incoming;

    /**
     * A context.
     *
     * @param lower tables of the lower half, or null to pass through
     * @param upper tables of the upper half, or null
     * @param second stage 2 behind them, or null
     * @param effective overrides, see {@link TranslationContext}
     * @param controls any of the constants of this class
     * @param ats STE.EATS
     * @param incoming memory attributes of what passes through
     */
    SmmuContext(
            @Nullable TableRoot lower,
            @Nullable TableRoot upper,
            @Nullable TableRoot second,
            int[] effective,
            int controls,
            int ats,
            long incoming) {
        super(lower, upper, HALF_BIT, second, effective);
        this.controls = controls;
        this.ats = ats;
        this.incoming = incoming;
    }

    /** CD.A: a stage 1 fault terminates with an abort, rather than with RAZ/WI. Stage 2 faults always abort. */
    boolean aborts() {
        return (controls & ABORT) != 0;
    }

    /** CD.R or STE.S2R: a fault of that stage is recorded. */
    boolean records(int stage) {
        return (controls & (stage == 1 ? RECORD : STAGE_2_RECORD)) != 0;
    }

    /** CD.S or STE.S2S: a fault of that stage stalls. */
    boolean stalls(int stage) {
        return (controls & (stage == 1 ? STALL : STAGE_2_STALL)) != 0;
    }

    /** STE.MEV: events may be merged. */
    boolean merges() {
        return (controls & MERGE) != 0;
    }

    /** Whether the stream has stage 1 but this request goes past it (S1DSS=0b01). */
    boolean isStage1Bypassed() {
        return (controls & STAGE_1_BYPASSED) != 0;
    }

    /** STE.EATS as far as it counts: no ATS for a stream that bypasses. */
    @Override
    public int ats() {
        return (controls & BYPASS) != 0 ? 0 : ats;
    }

    /** Memory attributes of requests that pass through. */
    long incoming() {
        return incoming;
    }
}
