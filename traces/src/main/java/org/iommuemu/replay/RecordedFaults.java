// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.iommu.Rule;
import org.jspecify.annotations.Nullable;

/** Compares the faults of one architecture with recorded ones. Faults go by name: an event, or a reason. */
interface RecordedFaults {
    /** Name of the fault that a record tells of. */
    String name(long[] record);

    /** Name of the fault that a rule makes; empty if it leaves no record. */
    String name(@Nullable Rule rule);

    /** Compares kinds: the recorded name and one of {@link #name}. */
    Comparison kind(String recorded, String found);

    /** Name of the fault of an access that a present leaf does not permit. */
    String permission(boolean write);

    /** Compares whole records of the same kind; {@link Comparison#SAME} too if what was recorded is no record. */
    Comparison record(long[] recorded, long[] found);

    /** The rule by which it agrees that a machine refuses what the recording one let bypass, or null. */
    @Nullable
    AgreementRule refusedBypass(@Nullable Rule refusal);

    /** Whether a refused access of a trace was a write, where the direction was not recorded. */
    boolean isWrite(String recorded);
}
