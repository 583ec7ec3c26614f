// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.FaultRecord;

/** Builds the record of a refused request (VT-d architecture 11.4.10). */
final class FaultRecorder {
    /** Address type of an untranslated request. */
    static final int UNTRANSLATED = 0;
    /** Address type of a Translation Request. */
    static final int TRANSLATION = 1;
    /** Address type of a request with a translated address. */
    static final int TRANSLATED = 2;

    private static final int REASONS = 0x100;

    private final FaultRecords records;
    private final boolean hasAts;
    private final boolean hasPasid;
    private final long[] byReason = new long[REASONS];

    FaultRecorder(FaultRecords records, VtdFeatures features) {
        this.records = records;
        hasAts = features.hasExtended(ExtendedCapability.DT);
        hasPasid = features.hasExtended(ExtendedCapability.PASID);
    }

    /**
     * Records a fault, unless FPD suppresses it.
     *
     * @param suppressed whether FPD was set on the way
     * @param addressType of the request
     */
    void record(Transaction t, FaultReason why, boolean suppressed, int addressType) {
        byReason[why.code()]++;
        if (suppressed && why.isQualified()) {
            return;
        }
        boolean translation = addressType == TRANSLATION;
        boolean atomic = !translation && (t.access() & Access.ATOMIC) != 0;
        // A Translation Request is a read, whatever it asks for.
        boolean read = translation || atomic || !Access.isWrite(t.access());
        boolean execute = read && !atomic && (t.access() & Access.INSTRUCTION) != 0;
        long word1 = FaultRecord.SID.of(t.streamId())
                | FaultRecord.FR.of(why.code())
                | FaultRecord.T1.of(read ? 1 : 0)
                | FaultRecord.T2.of(atomic ? 1 : 0)
                | FaultRecord.AT.of(hasAts ? addressType : 0);
        if (hasPasid && t.hasSubstream()) {
            word1 |= FaultRecord.PP.of(1)
                    | FaultRecord.PV.of(t.substreamId())
                    | FaultRecord.PRIV.of(Access.isPrivileged(t.access()) ? 1 : 0)
                    | FaultRecord.EXE.of(execute ? 1 : 0);
        }
        records.record(FaultRecord.FI.inPlace(t.address()), word1);
    }

    /** Faults of a reason so far, whether recorded or not. */
    long count(FaultReason why) {
        return byReason[why.code()];
    }
}
