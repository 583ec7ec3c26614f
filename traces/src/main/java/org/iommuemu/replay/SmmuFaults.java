// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.iommu.Rule;
import org.iommuemu.smmuv3.SmmuRule;
import org.iommuemu.smmuv3.spec.Event;
import org.jspecify.annotations.Nullable;

/** Events of an SMMUv3: recorded as {@code SMMU_EVT_} and the name, or the name. */
final class SmmuFaults implements RecordedFaults {
    private static final int IPA_LOW_BITS = 12;
    private static final String PREFIX = "SMMU_EVT_";

    @Override
    public String name(long[] record) {
        return String.valueOf(Event.of(record[0]));
    }

    @Override
    public String name(@Nullable Rule rule) {
        Event event = rule instanceof SmmuRule r ? r.event() : null;
        return event == null ? "" : event.name();
    }

    @Override
    public Comparison kind(String recorded, String found) {
        String expected = recorded.startsWith(PREFIX) ? recorded.substring(PREFIX.length()) : recorded;
        try {
            Event.valueOf(expected);
        } catch (IllegalArgumentException e) {
            return Comparison.differs("the recorded fault '" + recorded + "' is no event of the SMMUv3");
        }
        return found.equals(expected)
                ? Comparison.SAME
                : Comparison.differs("refused with " + found + ", expected " + expected);
    }

    @Override
    public String permission(boolean write) {
        return Event.F_PERMISSION.name();
    }

    @Override
    public Comparison record(long[] expected, long[] found) {
        if (expected.length != Event.WORDS) {
            return Comparison.SAME;
        }
        boolean headersEqual = expected[0] == found[0] && expected[2] == found[2];
        long differing1 = expected[1] ^ found[1];
        long differing3 = expected[3] ^ found[3];
        boolean classOnly = (differing1 & ~Event.CLASS.mask()) == 0 && Event.CLASS.get(expected[1]) == 0;
        boolean ipaLowOnly = differing3 >>> IPA_LOW_BITS == 0 && Event.S2.isSet(found[1]);
        if (headersEqual && differing1 == 0 && differing3 == 0) {
            return Comparison.SAME;
        } else if (headersEqual && classOnly && differing3 == 0) {
            return Comparison.by(AgreementRule.EVENT_CLASS);
        } else if (headersEqual && differing1 == 0 && ipaLowOnly) {
            return Comparison.by(AgreementRule.EVENT_IPA_LOW);
        }
        return Comparison.differs("record is " + words(found) + ", expected " + words(expected));
    }

    private static String words(long[] record) {
        return String.format("%016x-%016x-%016x-%016x", record[0], record[1], record[2], record[3]);
    }

    @Override
    public @Nullable AgreementRule refusedBypass(@Nullable Rule refusal) {
        return refusal == SmmuRule.BYPASS_ADDRESS_SIZE ? AgreementRule.BYPASS_ABOVE_OAS : null;
    }

    /** A permission fault of stage 1 can only be a write. */
    @Override
    public boolean isWrite(String recorded) {
        return recorded.endsWith(Event.F_PERMISSION.name());
    }
}
