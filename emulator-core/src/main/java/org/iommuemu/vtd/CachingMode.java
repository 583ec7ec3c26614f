// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.EnumSet;
import java.util.Set;
import org.iommuemu.vtd.spec.Capability;
import org.jspecify.annotations.Nullable;

/**
 * Caching mode, CAP.CM: entries that are not present or erroneous are kept in the caches until they are invalidated. Entries that
 * could not be read are not kept, nor what the root entry says, nor anything of a first stage (VT-d architecture 6.1).
 */
final class CachingMode {
    /** Refusals that are kept: those by context and PASID entries that are not present or erroneous. */
    private static final Set<FaultReason> KEPT = EnumSet.of(
            FaultReason.CONTEXT_NOT_PRESENT,
            FaultReason.CONTEXT_RESERVED,
            FaultReason.CONTEXT_PROGRAMMING,
            FaultReason.SM_CONTEXT_NOT_PRESENT,
            FaultReason.SM_CONTEXT_RESERVED,
            FaultReason.SM_CONTEXT_PROGRAMMING,
            FaultReason.SM_DIRECTORY_NOT_PRESENT,
            FaultReason.SM_DIRECTORY_RESERVED,
            FaultReason.SM_PASID_NOT_PRESENT,
            FaultReason.SM_PASID_RESERVED,
            FaultReason.SM_PASID_PROGRAMMING);

    private final Set<FaultReason> kept;

    CachingMode(VtdFeatures features) {
        kept = features.has(Capability.CM) ? KEPT : Set.of();
    }

    /** What the configuration cache keeps of a refusal, or null. */
    @Nullable
    VtdContext keep(FaultReason why, int flags, int pasid) {
        return kept.contains(why) ? new VtdContext(why, flags, pasid) : null;
    }
}
