// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Status registers that software clears: what was stopped goes on, and an interrupt that waits may be spared (7.3). */
final class VtdStatus {
    private final RegisterFile file;
    private final FaultRecords faults;
    private final InvalidationQueue queue;
    private final EventInterrupt faultEvent;
    private final EventInterrupt invalidationEvent;
    private final EventInterrupt pageEvent;

    VtdStatus(
            RegisterFile file,
            FaultRecords faults,
            InvalidationQueue queue,
            EventInterrupt faultEvent,
            EventInterrupt invalidationEvent,
            EventInterrupt pageEvent) {
        this.file = file;
        this.faults = faults;
        this.queue = queue;
        this.faultEvent = faultEvent;
        this.invalidationEvent = invalidationEvent;
        this.pageEvent = pageEvent;
    }

    void bind() {
        file.onWrite(VtdRegisters.FSTS, (old, requested) -> {
            file.set(VtdRegisters.FSTS, requested);
            faultEvent.served(faults.isAnyPending());
            queue.resume();
        });
        file.onWrite(VtdRegisters.ICS, (old, requested) -> {
            file.set(VtdRegisters.ICS, requested);
            invalidationEvent.served(file.get(VtdRegisters.ICS) != 0);
        });
        file.onWrite(VtdRegisters.PRS, (old, requested) -> {
            file.set(VtdRegisters.PRS, requested);
            pageEvent.served(file.get(VtdRegisters.PRS) != 0);
        });
    }
}
