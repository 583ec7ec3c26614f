// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import org.iommuemu.host.Domain;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.process.AddressSpace;

/** A process's memory. The first device brings the PASID, which all have; the bond does not keep the memory. */
final class ProcessBond extends PasidBond {
    private final AddressSpace mm;

    ProcessBond(AddressSpace mm) {
        super(NO_PASID);
        this.mm = mm;
    }

    AddressSpace mm() {
        return mm;
    }

    @Override
    Result<Domain> acquire(ControlCore core, Domain plain) {
        return core.shared().tryAcquire(mm);
    }

    @Override
    void release(ControlCore core, Domain domain) {
        core.shared().release(domain);
    }

    @Override
    public boolean tryHold() {
        return mm.tryGet();
    }

    @Override
    public void letGo() {
        mm.put();
    }
}
