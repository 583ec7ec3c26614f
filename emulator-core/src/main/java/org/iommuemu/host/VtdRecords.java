// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.iommu.PageRequest;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.FaultReason;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.PageRequestDescriptor;

/** What a VT-d unit's records say. */
final class VtdRecords {
    private VtdRecords() {}

    /** A fault record (VT-d architecture 11.4.10). T1 and T2: 00 write, 01 page request, 10 read, 11 AtomicOp. */
    static DmaFault fault(long low, long high) {
        int code = FaultRecord.FR.getInt(high);
        FaultReason reason = FaultReason.of(code);
        boolean write = FaultRecord.T1.isSet(high) == FaultRecord.T2.isSet(high);
        return new DmaFault(
                FaultRecord.SID.getInt(high),
                FaultRecord.PP.isSet(high) ? FaultRecord.PV.getInt(high) : IommuDriver.NO_PASID,
                FaultRecord.FI.inPlace(low),
                write,
                reason == null ? "reason " + code : reason.name());
    }

    /** A page request descriptor (VT-d architecture 7.4.1). */
    static PageRequest pageRequest(PhysicalMemory memory, long at) {
        long word0 = memory.readLong(at);
        long word1 = memory.readLong(at + Long.BYTES);
        return new PageRequest(
                PageRequestDescriptor.RID.getInt(word0),
                PageRequestDescriptor.PP.isSet(word0)
                        ? PageRequestDescriptor.PASID.getInt(word0)
                        : IommuDriver.NO_PASID,
                PageRequestDescriptor.ADDR.inPlace(word1),
                PageRequestDescriptor.RDR.isSet(word1),
                PageRequestDescriptor.WRR.isSet(word1),
                PageRequestDescriptor.EXR.isSet(word0),
                PageRequestDescriptor.PMR.isSet(word0),
                PageRequestDescriptor.LPIG.isSet(word1),
                PageRequestDescriptor.PRGI.getInt(word1));
    }
}
