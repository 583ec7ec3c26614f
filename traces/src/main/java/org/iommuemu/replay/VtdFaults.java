// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.Map;
import java.util.Set;
import org.iommuemu.iommu.Rule;
import org.iommuemu.vtd.FaultReason;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.FaultRecord;
import org.jspecify.annotations.Nullable;

/** Fault reasons of VT-d, {@code reason_0x} and the code. */
final class VtdFaults implements RecordedFaults {
    private static final long PASID_FIELDS =
            FaultRecord.PP.mask() | FaultRecord.PV.mask() | FaultRecord.PRIV.mask() | FaultRecord.EXE.mask();

    /** The scalable-mode second-stage reasons (VT-d 7.1.3) for the causes of which legacy mode has these. */
    private static final Map<String, Set<String>> LEGACY = Map.of(
            name(FaultReason.ADDRESS_WIDTH),
            Set.of(name(FaultReason.SM_ADDRESS_WIDTH), name(FaultReason.SM_SECOND_STAGE_WIDTH)),
            name(FaultReason.NO_WRITE),
            Set.of(name(FaultReason.SM_NO_WRITE), name(FaultReason.SM_SECOND_STAGE_NOT_PRESENT)),
            name(FaultReason.NO_READ),
            Set.of(name(FaultReason.SM_NO_READ), name(FaultReason.SM_SECOND_STAGE_NOT_PRESENT)));

    private final Vtd vtd;

    VtdFaults(Vtd vtd) {
        this.vtd = vtd;
    }

    private static String name(FaultReason reason) {
        return name(reason.code());
    }

    private static String name(int code) {
        return "reason_0x" + Integer.toHexString(code);
    }

    @Override
    public String name(long[] record) {
        return name(FaultRecord.FR.getInt(record[1]));
    }

    @Override
    public String name(@Nullable Rule rule) {
        return rule instanceof FaultReason reason ? name(reason) : "";
    }

    @Override
    public Comparison kind(String recorded, String found) {
        if (found.equals(recorded)) {
            return Comparison.SAME;
        }
        return LEGACY.getOrDefault(recorded, Set.of()).contains(found)
                ? Comparison.by(AgreementRule.LEGACY_REASON)
                : Comparison.differs("refused with " + found + ", expected " + recorded);
    }

    @Override
    public String permission(boolean write) {
        boolean scalable = VtdTables.isScalable(vtd);
        FaultReason noWrite = scalable ? FaultReason.SM_NO_WRITE : FaultReason.NO_WRITE;
        FaultReason noRead = scalable ? FaultReason.SM_NO_READ : FaultReason.NO_READ;
        return name(write ? noWrite : noRead);
    }

    /** The reason has been compared by {@link #kind}. */
    @Override
    public Comparison record(long[] recorded, long[] found) {
        if (recorded.length != FaultRecord.WORDS) {
            return Comparison.SAME;
        }
        long differing = (recorded[1] ^ found[1]) & ~FaultRecord.FR.mask();
        boolean withoutPasid = !FaultRecord.PP.isSet(found[1]);
        if (recorded[0] == found[0] && differing == 0) {
            return Comparison.SAME;
        } else if (recorded[0] == found[0] && withoutPasid && (differing & ~PASID_FIELDS) == 0) {
            return Comparison.by(AgreementRule.PASID_FIELDS);
        }
        return Comparison.differs("record is " + words(found) + ", expected " + words(recorded));
    }

    private static String words(long[] record) {
        return String.format("%016x-%016x", record[0], record[1]);
    }

    @Override
    public @Nullable AgreementRule refusedBypass(@Nullable Rule refusal) {
        return null;
    }

    @Override
    public boolean isWrite(String recorded) {
        return recorded.equals(name(FaultReason.NO_WRITE)) || recorded.equals(name(FaultReason.SM_NO_WRITE));
    }
}
