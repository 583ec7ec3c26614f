// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Takes records off the fault recording registers of a VT-d unit as a driver does: F is cleared by writing 1, then PFO. */
public final class FaultRecordReader implements RecordReader {
    private final Vtd vtd;
    private final long[] record = new long[FaultRecord.WORDS];

    /** A reader of a unit's fault records. */
    public FaultRecordReader(Vtd vtd) {
        this.vtd = vtd;
    }

    @Override
    public int drain() {
        int n = 0;
        if (vtd.readRegister(VtdRegisters.FSTS.offset(), 4) == 0) {
            return n;
        }
        for (int i = 0; i < vtd.features().faultRecords(); i++) {
            long at = vtd.features().faultRecordOffset() + (long) i * FaultRecord.BYTES;
            long high = vtd.readRegister(at + Long.BYTES, 8);
            if (FaultRecord.F.isSet(high)) {
                record[0] = vtd.readRegister(at, 8);
                record[1] = high;
                vtd.writeRegister(at + Long.BYTES, 8, FaultRecord.F.mask());
                n++;
            }
        }
        vtd.writeRegister(VtdRegisters.FSTS.offset(), 4, VtdRegisters.PFO.mask());
        return n;
    }

    @Override
    public long[] last() {
        return record;
    }
}
