// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.List;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.jspecify.annotations.Nullable;

/** Calls on devices (device.c): what VFIO does for the user of a device. ENOENT for numbers that are no device's. */
public final class DeviceCalls {
    /** Attaches, or replaces. */
    private interface Change {
        Result<Done> to(Hwpt hwpt);
    }

    private final Iommufd iommufd;

    DeviceCalls(Iommufd iommufd) {
        this.iommufd = iommufd;
    }

    /**
     * Binds a device: its group belongs to this file, and nothing of it gets through until it is attached.
     *
     * @return its number; EPERM if its group belongs to somebody else, EBUSY if somebody has attached it, ENOMEM, EIO
     */
    public Result<Integer> bind(HostDevice device) {
        IommuGroup group = device.group();
        ControlCore core = iommufd.core();
        Result<Done> claimed = group.claim(iommufd);
        if (!claimed.isOk()) {
            return claimed.fail();
        }
        boolean busy = core.isSvaEnabled(device)
                || !iommufd.has(group)
                        && group.devices().stream().anyMatch(d -> core.attached(d, IommuDriver.NO_PASID) != null);
        BoundDevice bound = new BoundDevice(core, device, iommufd.group(group));
        Result<Done> taken = busy
                ? Result.err(Errno.EBUSY, device + " is used")
                : iommufd.allocate("a device").then(done -> bound.enable());
        if (!taken.isOk()) {
            disclaim(group);
            return taken.fail();
        }
        iommufd.add(bound).get();
        return Result.ok(bound.id());
    }

    private void disclaim(IommuGroup group) {
        group.disclaim();
        if (iommufd.objects().all().stream()
                .noneMatch(o -> o instanceof BoundDevice d && d.device().group() == group)) {
            iommufd.forget(group);
        }
    }

    /** Gives a device back: detached, and unknown to guests. */
    public Result<Done> unbind(int device) {
        return find(device).then(bound -> {
            for (int pasid : bound.group().pasids(bound)) {
                detach(bound, pasid);
            }
            detach(bound, IommuDriver.NO_PASID);
            Vdevice vdevice = bound.vdevice();
            if (vdevice != null) {
                vdevice.destroyed();
                iommufd.objects().replace(vdevice, new Tombstone());
            }
            bound.put();
            iommufd.objects().remove(bound);
            bound.disable();
            disclaim(bound.device().group());
            return Result.done();
        });
    }

    /**
     * Attaches a device, or a PASID of it.
     *
     * @param pasid or {@link IommuDriver#NO_PASID}
     * @param target a table; or an IOAS, for which one is taken that fits, or made
     * @return the table; EBUSY if it is attached already; ENOENT for no target, EINVAL if that is neither, or cannot be had; EADDRINUSE if
     *     something is mapped where the device has interrupts; ENOMEM, EIO
     */
    public Result<Integer> attach(int device, int pasid, int target) {
        return find(device).then(d -> change(d, target, hwpt -> d.group().attach(d, pasid, hwpt)));
    }

    /** Attaches instead of what is attached, which is kept if that fails; EINVAL if nothing is, else as {@link #attach}. */
    public Result<Integer> replace(int device, int pasid, int target) {
        return find(device)
                .then(d -> change(
                        d,
                        target,
                        hwpt -> d.group().replace(d, pasid, hwpt).then(old -> {
                            dropAutomatic(old);
                            return Result.done();
                        })));
    }

    private Result<Integer> change(BoundDevice device, int target, Change change) {
        IommufdObject of = iommufd.objects().get(target);
        if (of == null) {
            return Result.err(Errno.ENOENT, "object " + Integer.toUnsignedString(target));
        }
        if (of instanceof Hwpt hwpt) {
            return change.to(hwpt).then(done -> Result.ok(hwpt.id()));
        }
        if (!(of instanceof Ioas ioas)) {
            return Result.err(Errno.EINVAL, of + " is nothing to attach to");
        }
        for (PagingHwpt known : List.copyOf(ioas.tables())) {
            if (known.isAutomatic()) {
                Result<Done> changed = change.to(known);
                if (changed.isOk()) {
                    return Result.ok(known.id());
                }
                if (changed.errno() != Errno.EINVAL) {
                    return changed.fail();
                }
            }
        }
        return iommufd.hwpts().paging(ioas, device, 0, GuestData.NONE, true).then(made -> {
            Result<Done> changed = change.to(made);
            if (!changed.isOk()) {
                iommufd.objects().remove(made);
            }
            return changed.then(done -> Result.ok(made.id()));
        });
    }

    /** Detaches: nothing of the device, or of the PASID, gets through any more; EINVAL if that is not attached. */
    public Result<Done> detach(int device, int pasid) {
        return find(device).then(d -> detach(d, pasid));
    }

    private Result<Done> detach(BoundDevice device, int pasid) {
        return device.group().detach(device, pasid).then(old -> {
            dropAutomatic(old);
            return Result.done();
        });
    }

    private void dropAutomatic(Hwpt old) {
        if (old instanceof PagingHwpt paging && paging.isAutomatic() && !paging.isUsed()) {
            iommufd.objects().remove(paging);
        }
    }

    /** What a device, or a PASID of it, is attached to: a table's number, or ENOENT. */
    public Result<Integer> attached(int device, int pasid) {
        return find(device).then(d -> {
            Hwpt hwpt = d.group().attached(d, pasid);
            return hwpt == null ? Result.err(Errno.ENOENT, d + " is not attached") : Result.ok(hwpt.id());
        });
    }

    /** What the IOMMU of a device is, and how many PASIDs the device can have. */
    public Result<HardwareInfo> info(int device) {
        return find(device)
                .then(d -> Result.ok(new HardwareInfo(iommufd.core().driver().hardware(), d.pasids())));
    }

    /** The number of a device if it is bound, else that of the device of its group by which it came to be attached. */
    int number(HostDevice device, BoundDevice attachedBy) {
        return iommufd.objects().all().stream()
                .filter(o -> o instanceof BoundDevice d && d.device() == device)
                .findFirst()
                .orElse(attachedBy)
                .id();
    }

    /** The device of a stream as a guest has it: known to the guest's IOMMU, and attached to a table of the guest's there; or null. */
    @Nullable
    Vdevice seenByGuest(int stream) {
        for (IommufdObject o : iommufd.objects().all()) {
            Vdevice seen = o instanceof BoundDevice d && d.device().stream() == stream ? d.vdevice() : null;
            if (seen != null
                    && seen.device().group().attached(seen.device(), IommuDriver.NO_PASID) instanceof NestedHwpt nested
                    && nested.viommu() == seen.viommu()) {
                return seen;
            }
        }
        return null;
    }

    private Result<BoundDevice> find(int device) {
        return iommufd.objects().find(device, BoundDevice.class);
    }
}
