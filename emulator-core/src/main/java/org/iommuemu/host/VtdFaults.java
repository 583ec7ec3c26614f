// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Software's side of a unit's fault records, in the accesses of Linux' {@code dmar_fault} (VT-d architecture 11.4.14). */
final class VtdFaults {
    /** PFO and PPF, and PRO, which was there in older revisions. */
    private static final long ACKNOWLEDGED = VtdRegisters.PFO.mask() | VtdRegisters.PPF.mask() | 1 << 7;

    private static final int SOURCE = 8;
    private static final int LAST = 12;
    /** Bit 31 of the last word. */
    private static final long FAULT = 1L << 31;

    private final RegisterFrame unit;
    private final VtdFeatures features;

    VtdFaults(RegisterFrame unit, VtdFeatures features) {
        this.unit = unit;
        this.features = features;
    }

    /**
     * Takes records, from the one that FRI names on.
     *
     * @param status FSTS as it was read just now
     */
    void take(long status, FaultListener listener) {
        if ((status & (VtdRegisters.PFO.mask() | VtdRegisters.PPF.mask())) == 0) {
            return;
        }
        int index = VtdRegisters.FRI.getInt(status);
        long last = lastWord(index);
        while ((last & FAULT) != 0) {
            int at = record(index);
            long source = unit.readRegister(at + SOURCE, Integer.BYTES);
            long low = unit.readRegister(at, Long.BYTES);
            unit.writeRegister(at + LAST, Integer.BYTES, FAULT);
            long high = last << Integer.SIZE | source;
            listener.recorded(VtdRecords.fault(low, high), new long[] {low, high});
            index = (index + 1) % features.faultRecords();
            last = lastWord(index);
        }
        VtdUnit.write(unit, VtdRegisters.FSTS, ACKNOWLEDGED);
        if (VtdRegisters.PFO.isSet(status)) {
            listener.overflowed();
        }
    }

    private int record(int index) {
        return features.faultRecordOffset() + index * FaultRecord.BYTES;
    }

    private long lastWord(int index) {
        return unit.readRegister(record(index) + LAST, Integer.BYTES);
    }
}
