// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import org.iommuemu.host.Domain;
import org.iommuemu.host.DriverFeatures;
import org.iommuemu.host.GuestInvalidation.Cache;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ContainerLock;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.FaultHandler;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.OpenFile;

/**
 * A container of devices that belong to a guest: its memory is a second stage that all of them share, and the guest's own first stages lie
 * behind PASIDs. By requests ({@link GuestRequests}), or without bytes by the methods of the same names.
 *
 * <p>A call that comes while another one of the same container waits for hardware cannot wait for it, as there is one thread: EAGAIN.
 */
public final class GuestContainer extends OpenFile {
    private static final long TABLE_BYTES = 1 << 12;

    private final ControlCore core;
    private final GuestOptions options;
    private final GuestContainers owner;
    private final PasidSet pasids;
    private final ContainerLock lock = new ContainerLock();
    private final Domain memory;
    private final GuestBonds bonds;
    private final GuestGroups groups;
    private final PasidRequest pasidRequest;
    private final GuestBind bind;
    private final CacheInvalidate cacheInvalidate;

    GuestContainer(ControlCore core, GuestOptions options, GuestContainers owner, PasidSet pasids, Domain memory) {
        this.core = core;
        this.options = options;
        this.owner = owner;
        this.pasids = pasids;
        this.memory = memory;
        bonds = new GuestBonds(core, memory, lock);
        groups = new GuestGroups(core, memory, bonds);
        pasids.add(bonds);
        pasidRequest = new PasidRequest(this, options.pasids(), core::fails);
        bind = new GuestBind(this, core::fails);
        cacheInvalidate = new CacheInvalidate(this, core::fails);
    }

    /** The guest's memory, to be mapped by the driver. */
    public Domain memory() {
        return memory;
    }

    /** Lets the process have no more than so many PASIDs from now on; it has {@link org.iommuemu.host.control.PasidAllocator#QUOTA} before. */
    public void quota(int most) {
        pasids.quota(most);
    }

    /** Gives the page faults of the guest's first stages to somebody, from now on; before they are answered as invalid. */
    public void onFault(FaultHandler handler) {
        bonds.handler(handler);
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        if (request == GuestRequests.PASID_REQUEST) {
            return pasidRequest.call(argument);
        }
        if (request == GuestRequests.BIND) {
            return bind.call(argument);
        }
        return request == GuestRequests.CACHE_INVALIDATE ? cacheInvalidate.call(argument) : Errno.ENOTTY.returned();
    }

    /**
     * Attaches a group: its devices see the guest's memory, and what is bound to PASIDs. Devices that have PASIDs, ATS and page requests
     * are given them.
     *
     * @return EINVAL if it is here already, EBUSY if a device is attached elsewhere, ENODEV if it cannot have the PASIDs that are bound,
     *     ENOMEM, EIO; then nothing of it is attached
     */
    public Result<Done> attach(IommuGroup group) {
        return lock.hold(() -> groups.attach(group));
    }

    /**
     * Detaches a group. With the last one, what is bound is forgotten.
     *
     * @return EINVAL if it is not here
     */
    public Result<Done> detach(IommuGroup group) {
        return lock.hold(() -> groups.detach(group));
    }

    /**
     * Allocates the lowest PASID that is free in the system.
     *
     * @param min 32 bits, at least this
     * @param max 32 bits, at most this
     * @return EINVAL if the range is empty; EINVAL or EOPNOTSUPP, by {@link PasidDialect}, if guests have no PASIDs here; ESRCH if the
     *     process has exited that opened the container; ENOSPC if none is free or the quota is used up; ENOMEM
     */
    public Result<Integer> allocatePasid(long min, long max) {
        if (min > max) {
            return Result.err(Errno.EINVAL, "PASIDs from " + min + " to " + max);
        }
        return lock.hold(() -> checkPasids().then(done -> pasids.allocate(min, max)));
    }

    /**
     * Frees a PASID.
     *
     * @return EINVAL if it is another's or free, EBUSY if it is bound
     */
    public Result<Done> freePasid(long pasid) {
        return lock.hold(() -> checkPasids().then(done -> pasids.free(pasid)));
    }

    /**
     * Frees those of a range that the process has.
     *
     * @return EINVAL if the range is empty, EBUSY if one is bound, and none is freed
     */
    public Result<Done> freePasids(long min, long max) {
        if (min > max) {
            return Result.err(Errno.EINVAL, "PASIDs from " + min + " to " + max);
        }
        return lock.hold(() -> checkPasids().then(done -> pasids.free(min, max)));
    }

    private Result<Done> checkPasids() {
        DriverFeatures can = core.driver().features();
        boolean has = can.pasids() > 0 && !groups.isEmpty() && options.nesting();
        if (options.pasids().needsHostPasids()) {
            has &= can.nested() && !can.guestContexts();
        }
        return has ? Result.done() : Result.err(options.pasids().unsupported(), "PASIDs for guests");
    }

    /** What binds and invalidations need of the container. */
    private Result<Done> checkNesting() {
        if (groups.isEmpty() || !options.nesting()) {
            return Result.err(Errno.EINVAL, "a container of guests' first stages");
        }
        return core.driver().features().nested()
                ? Result.done()
                : Result.err(Errno.ENODEV, "the IOMMU has no nested translation");
    }

    /** Binds a guest's first stage that asks for no memory types, see {@link #bind(long, GuestTables.FirstStage, boolean)}. */
    public Result<Done> bind(long pasid, GuestTables.FirstStage tables) {
        return bind(pasid, tables, false);
    }

    /**
     * Binds a guest's first stage to a PASID, on all devices.
     *
     * @param memoryTypes whether the guest wants memory types of its own
     * @return EINVAL without nesting or devices, for what the hardware has not, for a PASID that is not the process's; ENODEV if the IOMMU
     *     has no nested translation, or a device no PASIDs; EOPNOTSUPP where guests have all PASIDs of a device, by a table of their own;
     *     EBUSY if the PASID has tables; ENOSPC if the IOMMU has no more domain ids; ENOMEM, EIO
     */
    public Result<Done> bind(long pasid, GuestTables.FirstStage tables, boolean memoryTypes) {
        return lock.hold(() -> bindLocked(pasid, tables, memoryTypes));
    }

    private Result<Done> bindLocked(long pasid, GuestTables.FirstStage tables, boolean memoryTypes) {
        Result<Done> possible = checkNesting();
        if (!possible.isOk()) {
            return possible;
        }
        DriverFeatures can = core.driver().features();
        if (can.guestContexts()) {
            return Result.err(Errno.EOPNOTSUPP, "PASIDs are the guest's");
        }
        if (!can.canNest(tables) || memoryTypes && !can.memoryTypes()) {
            return Result.err(Errno.EINVAL, "the IOMMU has not all that is asked for");
        }
        if (tables.root() % TABLE_BYTES != 0) {
            return Result.err(Errno.EINVAL, "a table within a page");
        }
        return pasids.owns(pasid)
                ? bonds.bind((int) pasid, tables)
                : Result.err(Errno.EINVAL, "PASID " + pasid + " is another's, or free");
    }

    /**
     * Takes a PASID's first stage away, on all devices; its page requests are answered before this returns.
     *
     * @return EINVAL without nesting or devices, or if the PASID is not the process's; ENODEV; EOPNOTSUPP; ESRCH if it has no tables
     */
    public Result<Done> unbind(long pasid) {
        return lock.hold(() -> unbindLocked(pasid));
    }

    private Result<Done> unbindLocked(long pasid) {
        Result<Done> possible = checkNesting();
        if (!possible.isOk()) {
            return possible;
        }
        if (core.driver().features().guestContexts()) {
            return Result.err(Errno.EOPNOTSUPP, "PASIDs are the guest's");
        }
        return pasids.owns(pasid)
                ? bonds.unbind((int) pasid)
                : Result.err(Errno.EINVAL, "PASID " + pasid + " is another's, or free");
    }

    /**
     * Invalidates what caches hold of the guest's first stages, for one device after the other.
     *
     * @return EINVAL without nesting or devices, or if nothing is meant by it; ENODEV if the IOMMU has no nested translation; EIO, and the
     *     remaining devices are left out
     */
    public Result<Done> invalidate(CacheInvalidation what) {
        return lock.hold(() -> invalidateLocked(what));
    }

    private Result<Done> invalidateLocked(CacheInvalidation what) {
        Result<Done> possible = checkNesting();
        if (!possible.isOk()) {
            return possible;
        }
        boolean guestContexts = core.driver().features().guestContexts();
        if (!what.isMeaningful(options.invalidations(), guestContexts)) {
            return Result.err(Errno.EINVAL, what.toString());
        }
        for (HostDevice device : bonds.devices()) {
            if (core.fails(Step.DEVICE)) {
                return Result.err(Step.DEVICE.errno(), "invalidating for " + device);
            }
            for (Cache cache : what.caches()) {
                core.driver().guestInvalidate(device.stream(), what.of(cache));
            }
        }
        return Result.done();
    }

    /** How many PASIDs have a guest's first stage. */
    public int bound() {
        return bonds.size();
    }

    @Override
    protected void release() {
        lock.holdWhenFree(() -> {
            groups.clear();
            owner.closed(pasids, bonds);
            if (!memory.isUsed()) {
                core.driver().free(memory);
            }
        });
    }
}
