// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

/** What a counter can count (IHI 0070 §10.3); the ordinal is the number. */
public enum PmcgEvent {
    /** A clock cycle; belongs to no stream. */
    CYCLE,
    /** A transaction or Translation Request. */
    TRANSACTION,
    /** Translation is not in the TLB. */
    TLB_MISS,
    /** Configuration is not in its cache. */
    CONFIGURATION_CACHE_MISS,
    /** An access of the table walker to memory. */
    WALK_ACCESS,
    /** A read of a configuration structure. */
    STRUCTURE_ACCESS,
    /** An ATS Translation Request. */
    ATS_REQUEST,
    /** A transaction with a translated address. */
    ATS_TRANSLATED;

    /** How many there are. */
    public static final int COUNT = values().length;

    /** Its number in SMMU_PMCG_EVTYPERn.EVENT. */
    public int number() {
        return ordinal();
    }

    /**
     * The events of a group as SMMU_PMCG_CEID0 shows them.
     *
     * @param ats whether the SMMU has ATS
     */
    public static long supported(boolean ats) {
        return (1L << (ats ? COUNT : ATS_REQUEST.number())) - 1;
    }
}
