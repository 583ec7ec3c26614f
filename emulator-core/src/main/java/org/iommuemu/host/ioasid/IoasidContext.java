// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import java.util.TreeMap;
import org.iommuemu.host.DriverFeatures;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ContainerLock;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.PasidAllocator;

/** What one open of /dev/ioasid has: ioasids, which are PASIDs of the whole system. The calls without bytes. One that comes from
 * within another of the same file, which waits for hardware, gives EAGAIN. */
public final class IoasidContext {
    private static final long TABLE_BYTES = 1 << 12;

    private final ControlCore core;
    private final ContainerLock lock = new ContainerLock();
    private final TreeMap<Integer, Ioasid> ioasids = new TreeMap<>();

    /** One that has none. */
    IoasidContext(ControlCore core) {
        this.core = core;
    }

    /** Lets it have no more than so many from now on; it has {@link PasidAllocator#QUOTA} before. */
    public void quota(int most) {
        core.pasids().quota(this, most);
    }

    /**
     * Allocates the lowest ioasid that is free in the system.
     *
     * @return ENOSPC if there is none, or no more may be had; ENOMEM
     */
    public Result<Integer> alloc() {
        return lock.hold(this::allocLocked);
    }

    private Result<Integer> allocLocked() {
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "an ioasid");
        }
        Result<Integer> number = core.pasids().allocate(1, PasidAllocator.END - 1, this);
        if (number.isOk()) {
            ioasids.put(number.value(), new Ioasid(core, number.value()));
        }
        return number;
    }

    /**
     * Frees an ioasid.
     *
     * @return ENOENT if there is none of that number, EPERM if it is of another open file, EBUSY if it is bound, or devices may use it
     */
    public Result<Done> free(long ioasid) {
        return lock.hold(() -> find(ioasid).then(found -> {
            if (found.isBound() || found.isAllowed()) {
                return Result.err(Errno.EBUSY, "ioasid " + ioasid + " is in use");
            }
            ioasids.remove((int) ioasid);
            return core.pasids().free((int) ioasid);
        }));
    }

    /**
     * Gives an ioasid a guest's page table, on all devices that may use it, and on those that will.
     *
     * @return ENOENT, EPERM as of {@link #free}; EOPNOTSUPP where guests have all PASIDs of a device, by a table of their own; EINVAL for
     *     what the hardware has not, or a device without a guest's memory; EBUSY if it has one; ENOMEM, EIO; then no device has it
     */
    public Result<Done> bind(long ioasid, GuestTables.FirstStage table) {
        return lock.hold(() -> find(ioasid).then(found -> {
            DriverFeatures can = core.driver().features();
            if (can.guestContexts() || !can.nested()) {
                return Result.err(Errno.EOPNOTSUPP, "PASIDs are the guest's, or there is no nested translation");
            }
            return can.canNest(table) && table.root() % TABLE_BYTES == 0
                    ? found.bind(table)
                    : Result.err(Errno.EINVAL, "the IOMMU has not all that is asked for");
        }));
    }

    /**
     * Takes the page table away from all devices; page requests are answered before this returns.
     *
     * @return ENOENT, EPERM as of {@link #free}; EINVAL if it has none
     */
    public Result<Done> unbind(long ioasid) {
        return lock.hold(() -> find(ioasid).then(Ioasid::unbind));
    }

    /**
     * Lets a device use an ioasid, at once if it has a page table.
     *
     * @return ENOENT, EPERM as of {@link #free}; EEXIST if it may already; ENODEV if the device has no PASIDs; EINVAL if it has no guest's
     *     memory; ENOMEM, EIO; then it may not
     */
    public Result<Done> allow(VfioDeviceFd device, long ioasid) {
        return lock.hold(() -> find(ioasid).then(found -> {
            Result<Done> allowed = found.allow(device);
            if (allowed.isOk()) {
                device.remember((int) ioasid, this);
            }
            return allowed;
        }));
    }

    /**
     * Lets a device use an ioasid no more; what it has of a page table is taken away first.
     *
     * @return ENOENT, EPERM as of {@link #free}; ESRCH if it may not
     */
    public Result<Done> disallow(VfioDeviceFd device, long ioasid) {
        return lock.hold(() -> disallowLocked(device, ioasid));
    }

    private Result<Done> disallowLocked(VfioDeviceFd device, long ioasid) {
        return find(ioasid).then(found -> {
            if (!found.isAllowed(device)) {
                return Result.err(Errno.ESRCH, device.device() + " may not use ioasid " + ioasid);
            }
            found.disallow(device);
            device.forget((int) ioasid);
            return Result.done();
        });
    }

    /** A device's file is gone, and what it might use. Then something else is done: now, or when the call is over that is under way. */
    void closed(VfioDeviceFd device, int ioasid, Runnable then) {
        lock.holdWhenFree(() -> {
            disallowLocked(device, ioasid);
            then.run();
        });
    }

    /** How many there are. */
    public int size() {
        return ioasids.size();
    }

    private Result<Ioasid> find(long number) {
        if (number < 0 || number >= PasidAllocator.END) {
            return Result.err(Errno.ENOENT, "ioasid " + number);
        }
        Ioasid found = ioasids.get((int) number);
        if (found != null) {
            return Result.ok(found);
        }
        // PASIDs of others than /dev/ioasid are no ioasids.
        boolean foreign = core.pasids().owner((int) number) instanceof IoasidContext;
        return Result.err(foreign ? Errno.EPERM : Errno.ENOENT, "ioasid " + number);
    }

    /** All goes: tables, then devices, then ioasids. */
    void release() {
        lock.holdWhenFree(() -> {
            ioasids.values().forEach(Ioasid::release);
            ioasids.clear();
            core.pasids().freeAll(this);
        });
    }
}
