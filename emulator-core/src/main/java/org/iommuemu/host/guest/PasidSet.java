// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.PasidAllocator;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.MmuNotifier;

/**
 * PASIDs that a process has for its guests (vfio_mm, ioasid_set), in all containers that it has opened. They go with the process's memory,
 * or with the last of those containers.
 */
final class PasidSet implements MmuNotifier {
    private final ControlCore core;
    private final AddressSpace mm;
    private final List<GuestBonds> containers = new ArrayList<>();
    private boolean gone;

    PasidSet(ControlCore core, AddressSpace mm) {
        this.core = core;
        this.mm = mm;
        mm.addNotifier(this);
    }

    AddressSpace mm() {
        return mm;
    }

    /** One more container uses it. */
    void add(GuestBonds bonds) {
        containers.add(bonds);
    }

    /**
     * One container less uses it, which has unbound what it had.
     *
     * @return whether it was the last one, and all is given up
     */
    boolean remove(GuestBonds bonds) {
        containers.remove(bonds);
        if (!containers.isEmpty()) {
            return false;
        }
        if (!gone) {
            mm.removeNotifier(this);
            core.pasids().freeAll(this);
        }
        return true;
    }

    /** No more than so many from now on. */
    void quota(int most) {
        core.pasids().quota(this, most);
    }

    boolean owns(long pasid) {
        return pasid >= 0 && pasid < PasidAllocator.END && core.pasids().owner((int) pasid) == this;
    }

    Result<Integer> allocate(long min, long max) {
        if (gone) {
            return Result.err(Errno.ESRCH, "the process that the PASIDs would belong to");
        }
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "a PASID");
        }
        if (min >= PasidAllocator.END) {
            return Result.err(Errno.ENOSPC, "no PASID from " + min + " on");
        }
        return core.pasids().allocate((int) min, (int) Math.min(max, PasidAllocator.END - 1), this);
    }

    Result<Done> free(long pasid) {
        return owns(pasid)
                ? core.pasids().free((int) pasid)
                : Result.err(Errno.EINVAL, "PASID " + pasid + " is another's, or free");
    }

    /** All that it has of a range, or none if one of them is bound. */
    Result<Done> free(long min, long max) {
        List<Integer> own = core.pasids().allocated(this).stream()
                .filter(p -> p >= min && p <= max)
                .toList();
        for (int pasid : own) {
            if (containers.stream().anyMatch(c -> c.isBound(pasid))) {
                return Result.err(Errno.EBUSY, "PASID " + pasid + " is bound");
            }
        }
        own.forEach(core.pasids()::free);
        return Result.done();
    }

    /** Guests' tables do not follow the process's. */
    @Override
    public void invalidate(long start, long length) {}

    /** The process has exited, or runs another program. */
    @Override
    public void release() {
        gone = true;
        List.copyOf(containers).forEach(c -> c.exited(() -> core.pasids().freeAll(this)));
    }
}
