// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import org.iommuemu.host.Domain;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;

/** A guest's first stage for one PASID. */
final class PageTableBond extends PasidBond {
    private final GuestTables.FirstStage table;

    PageTableBond(int pasid, GuestTables.FirstStage table) {
        super(pasid);
        this.table = table;
    }

    @Override
    public Result<Done> check(ControlCore core) {
        if (core.driver().features().guestContexts()) {
            return Result.err(Errno.EOPNOTSUPP, "page tables are the business of the guest's PASID table");
        }
        return core.driver().features().canNest(table)
                ? Result.done()
                : Result.err(Errno.EINVAL, "what the IOMMU has not");
    }

    @Override
    Result<Domain> acquire(ControlCore core, Domain plain) {
        return core.fails(Step.ALLOCATION)
                ? Result.err(Step.ALLOCATION.errno(), "a nested domain")
                : core.nest(plain, table);
    }

    @Override
    void release(ControlCore core, Domain domain) {
        core.driver().free(domain);
    }
}
