// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.Domain;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Caller;

/** Where containers come from: /dev/vfio/vfio. */
public final class GuestContainers {
    private final ControlCore core;
    private final List<PasidSet> sets = new ArrayList<>();

    /** Those of a machine. */
    public GuestContainers(ControlCore core) {
        this.core = core;
    }

    /**
     * Opens one without devices. Its PASIDs are those of the process that opens it, whoever calls later.
     *
     * @return EINVAL for a kernel thread or a process that has exited, ENODEV if the IOMMU has no second stages, ENOSPC if it
     *     has no more tags for them, ENOMEM
     */
    public Result<GuestContainer> open(Caller caller, GuestOptions options) {
        AddressSpace mm = caller.process().addressSpace();
        if (mm == null) {
            return Result.err(Errno.EINVAL, "a process without memory");
        }
        if (!core.driver().features().secondStage()) {
            return Result.err(Errno.ENODEV, "the IOMMU has no second stages");
        }
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "a container");
        }
        return core.newDomain(Domain.Kind.SECOND_STAGE)
                .then(memory -> Result.ok(new GuestContainer(core, options, this, set(mm), memory)));
    }

    private PasidSet set(AddressSpace mm) {
        for (PasidSet known : sets) {
            if (known.mm() == mm) {
                return known;
            }
        }
        PasidSet made = new PasidSet(core, mm);
        sets.add(made);
        return made;
    }

    /** A container has gone, with all it had bound. */
    void closed(PasidSet set, GuestBonds bonds) {
        if (set.remove(bonds)) {
            sets.remove(set);
        }
    }
}
