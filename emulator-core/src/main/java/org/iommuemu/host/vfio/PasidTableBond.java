// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.LinkedHashSet;
import java.util.Set;
import org.iommuemu.host.Domain;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;

/** A guest's table of all PASIDs. */
final class PasidTableBond implements Bond {
    private final GuestTables.Contexts table;
    private final Set<HostDevice> devices = new LinkedHashSet<>();

    PasidTableBond(GuestTables.Contexts table) {
        this.table = table;
    }

    @Override
    public Result<Done> check(ControlCore core) {
        return core.driver().features().guestContexts()
                ? Result.done()
                : Result.err(Errno.EOPNOTSUPP, "PASID tables are the host's");
    }

    @Override
    public int pasid() {
        return NO_PASID;
    }

    @Override
    public Result<Done> bind(ControlCore core, HostDevice device, Domain plain) {
        Result<Done> bound = core.bindPasidTable(device, plain, table);
        if (bound.isOk()) {
            devices.add(device);
        }
        return bound;
    }

    @Override
    public void unbind(ControlCore core, HostDevice device) {
        if (devices.remove(device)) {
            core.unbindPasidTable(device);
        }
    }

    @Override
    public void end() {}
}
