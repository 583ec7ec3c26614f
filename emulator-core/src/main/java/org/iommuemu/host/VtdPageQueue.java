// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.spec.PageRequestDescriptor;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Software's side of a unit's page request queue, of 2,048 requests, as Linux has it (VT-d architecture 7.4). */
final class VtdPageQueue {
    private static final int LOG2 = 11;
    private static final int PAGES_LOG2 = 4;

    private final RegisterFrame unit;
    private final PhysicalMemory memory;
    private final long queue;
    private int head;

    /** Gives a unit an empty queue. */
    VtdPageQueue(RegisterFrame unit, PhysicalMemory memory, PageAllocator pages) {
        this.unit = unit;
        this.memory = memory;
        long bytes = (long) PageRequestDescriptor.BYTES << LOG2;
        queue = pages.allocate(bytes, bytes);
        VtdUnit.write(unit, VtdRegisters.PQH, 0);
        VtdUnit.write(unit, VtdRegisters.PQT, 0);
        VtdUnit.write(unit, VtdRegisters.PQA, VtdRegisters.IQ_ADDRESS.inPlace(queue) | VtdRegisters.QS.of(PAGES_LOG2));
    }

    /** As Linux' {@code prq_event_thread} does: an overflow is acknowledged when the queue is empty. */
    void take(PageRequestService service) {
        VtdUnit.write(unit, VtdRegisters.PRS, VtdRegisters.PPR.mask());
        for (int tail = tail(); head != tail; tail = tail()) {
            PageRequest request = VtdRecords.pageRequest(memory, queue + (long) head * PageRequestDescriptor.BYTES);
            head = head + 1 & (1 << LOG2) - 1;
            VtdUnit.write(unit, VtdRegisters.PQH, (long) head * PageRequestDescriptor.BYTES);
            service.take(request);
        }
        if (VtdRegisters.PRO.isSet(VtdUnit.read(unit, VtdRegisters.PRS))) {
            service.overflowed();
            VtdUnit.write(unit, VtdRegisters.PRS, VtdRegisters.PRO.mask());
        }
    }

    private int tail() {
        return (int) (VtdUnit.read(unit, VtdRegisters.PQT) / PageRequestDescriptor.BYTES);
    }
}
