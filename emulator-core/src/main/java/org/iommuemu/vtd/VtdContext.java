// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.TranslationContext;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/** What root, context and PASID entry say of a source and PASID (VT-d architecture chapter 9). */
final class VtdContext extends TranslationContext {
    /** Scalable mode. */
    static final int SCALABLE = 1;
    /** FPD on the way: qualified faults are not recorded. */
    static final int SUPPRESSED = 1 << 1;
    /** TT=01, or DTE: ATS is allowed. */
    static final int ATS = 1 << 2;
    /** The first tables are a first stage. */
    static final int FIRST_STAGE = 1 << 3;
    /** Supervisor requests are forbidden (SRE=0). */
    static final int NO_SUPERVISOR = 1 << 4;
    /** Accesses are snooped (PGSNP). */
    static final int SNOOPED = 1 << 5;
    /** The context entry is good: what was refused lies behind it. */
    static final int FOUND = 1 << 6;

    private static final int HALF_BIT = 63;

    private final int flags;
    private final int domain;
    private final int pasid;
    private final @Nullable FaultReason refusal;

    /** A context that is not there, or erroneous: with caching mode that is kept too, in domain 0. */
    VtdContext(FaultReason refusal, int flags, int pasid) {
        super(null, null, HALF_BIT, null, new int[Access.CODES]);
        this.refusal = refusal;
        this.flags = flags;
        this.domain = 0;
        this.pasid = pasid;
    }

    VtdContext(
            @Nullable TableRoot lower,
            @Nullable TableRoot upper,
            @Nullable TableRoot second,
            int[] effective,
            int flags,
            int domain,
            int pasid) {
        super(lower, upper, HALF_BIT, second, effective, (flags & SNOOPED) != 0 ? VtdLeafRules.SNOOPED : 0);
        refusal = null;
        this.flags = flags;
        this.domain = domain;
        this.pasid = pasid;
    }

    @Override
    public boolean isRefusal() {
        return refusal != null;
    }

    /** Why every request is refused, or null. */
    @Nullable
    FaultReason refusal() {
        return refusal;
    }

    boolean is(int flag) {
        return (flags & flag) != 0;
    }

    int domain() {
        return domain;
    }

    /** The PASID whose tables are used, RID_PASID for requests without one. */
    int pasid() {
        return pasid;
    }

    @Override
    public int ats() {
        return flags & ATS;
    }

    @Override
    public long group() {
        return VtdTags.group(domain, pasid);
    }
}
