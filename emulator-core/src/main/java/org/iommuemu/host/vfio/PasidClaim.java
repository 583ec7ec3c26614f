// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.PasidAllocator;

/** A PASID that is one bond's, on all IOMMUs that it has devices behind. */
final class PasidClaim {
    private final List<ControlCore> cores = new ArrayList<>();
    private int pasid;

    /**
     * Nothing yet.
     *
     * @param pasid which, or {@link Bond#NO_PASID} for the lowest that is free
     */
    PasidClaim(int pasid) {
        this.pasid = pasid;
    }

    int pasid() {
        return pasid;
    }

    /** Has it on an IOMMU from now on. ENOSPC if none is free; EBUSY if that one is not. */
    Result<Done> on(ControlCore core) {
        if (cores.contains(core)) {
            return Result.done();
        }
        boolean any = pasid == Bond.NO_PASID;
        Result<Integer> made = core.pasids().allocate(any ? 1 : pasid, any ? PasidAllocator.END - 1 : pasid, this);
        if (!made.isOk()) {
            return any ? made.fail() : Result.err(Errno.EBUSY, "PASID " + pasid);
        }
        pasid = made.value();
        cores.add(core);
        return Result.done();
    }

    /** Has it on an IOMMU no longer, unless that is the only one. */
    void leave(ControlCore core) {
        if (cores.size() > 1 && cores.remove(core)) {
            core.pasids().free(pasid);
        }
    }

    /** Gives it back. */
    void end() {
        cores.forEach(core -> core.pasids().free(pasid));
        cores.clear();
    }
}
