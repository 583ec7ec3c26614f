// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.jspecify.annotations.Nullable;

/** A group of devices as a file has it: all its devices are attached to the same table, and so is each PASID of theirs. */
final class DeviceGroup {
    /** One attachment of the hardware, which faults belong to; replacing makes another one. */
    record Handle(BoundDevice device, Object identity) {
        static Handle of(BoundDevice device) {
            return new Handle(device, new Object());
        }
    }

    /** What a PASID is attached to, and which devices have asked for it. */
    private static final class Attached {
        private final Set<BoundDevice> devices = new LinkedHashSet<>();
        private Hwpt hwpt;
        private Handle handle;

        Attached(Hwpt hwpt, Handle handle) {
            this.hwpt = hwpt;
            this.handle = handle;
        }
    }

    private final ControlCore core;
    private final IommuGroup group;
    private final TreeMap<Integer, Attached> attached = new TreeMap<>();

    DeviceGroup(ControlCore core, IommuGroup group) {
        this.core = core;
        this.group = group;
    }

    IommuGroup group() {
        return group;
    }

    /** What a device has attached a PASID of its to, or itself, or null. */
    @Nullable
    Hwpt attached(BoundDevice device, int pasid) {
        Attached now = attached.get(pasid);
        return now != null && now.devices.contains(device) ? now.hwpt : null;
    }

    /** PASIDs that a device has attached, ascending. */
    List<Integer> pasids(BoundDevice device) {
        return attached.keySet().stream()
                .filter(p -> p != IommuDriver.NO_PASID && attached(device, p) != null)
                .toList();
    }

    /** Which attachment a fault of a table came by: the PASID's, or, where a guest has the PASIDs, that of no PASID. */
    @Nullable
    Handle handle(Hwpt hwpt, int pasid) {
        Attached now = attached.getOrDefault(pasid, attached.get(IommuDriver.NO_PASID));
        return now != null && now.hwpt == hwpt ? now.handle : null;
    }

    /**
     * Attaches a device or a PASID.
     *
     * @return EBUSY if it is; EINVAL if the group has another table, or this one cannot be had; EADDRINUSE; ENOMEM; what the driver says
     */
    Result<Done> attach(BoundDevice device, int pasid, Hwpt hwpt) {
        Attached now = attached.get(pasid);
        if (now != null && now.devices.contains(device)) {
            return Result.err(Errno.EBUSY, device + " is attached");
        }
        if (now != null && now.hwpt != hwpt) {
            return Result.err(Errno.EINVAL, group + " is attached to " + now.hwpt);
        }
        Result<Done> reserved = pasid == IommuDriver.NO_PASID ? reserve(device, hwpt) : Result.done();
        if (!reserved.isOk()) {
            return reserved;
        }
        if (now == null) {
            Handle handle = Handle.of(device);
            Result<Done> first = attachFirst(handle, pasid, hwpt);
            if (!first.isOk()) {
                release(device, pasid, hwpt);
                return first;
            }
            now = new Attached(hwpt, handle);
            attached.put(pasid, now);
        }
        hwpt.get();
        now.devices.add(device);
        return Result.done();
    }

    private static Result<Done> reserve(BoundDevice device, Hwpt hwpt) {
        Ioas ioas = hwpt.paging().ioas();
        for (IovaRange range : device.reserved()) {
            Result<Done> reserved = ioas.window().reserve(range, device, ioas::mapped);
            if (!reserved.isOk()) {
                ioas.window().release(device);
                return reserved;
            }
        }
        return Result.done();
    }

    private static void release(BoundDevice device, int pasid, Hwpt hwpt) {
        if (pasid == IommuDriver.NO_PASID) {
            hwpt.paging().ioas().window().release(device);
        }
    }

    private Result<Done> attachFirst(Handle handle, int pasid, Hwpt hwpt) {
        Result<Done> possible = check(handle.device(), pasid, hwpt);
        if (!possible.isOk()) {
            return possible;
        }
        if (hwpt.faults() != null) {
            Result<Done> enabled = handle.device().enableFaults();
            if (!enabled.isOk()) {
                return enabled;
            }
        }
        Result<Done> programmed = program(pasid, hwpt.domain(), null);
        if (!programmed.isOk() && hwpt.faults() != null) {
            handle.device().disableFaults();
        }
        return programmed;
    }

    private Result<Done> check(BoundDevice device, int pasid, Hwpt hwpt) {
        boolean isPasid = pasid != IommuDriver.NO_PASID;
        Attached plain = attached.get(IommuDriver.NO_PASID);
        boolean mixes = isPasid
                ? !hwpt.isPasidCompatible() || plain != null && !plain.hwpt.isPasidCompatible()
                : !hwpt.isPasidCompatible() && attached.keySet().stream().anyMatch(p -> p != IommuDriver.NO_PASID);
        if (mixes) {
            return Result.err(Errno.EINVAL, "tables that PASIDs cannot be attached to");
        }
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "an attachment");
        }
        return new HardwareRules(core).check(device, hwpt);
    }

    /** Attaches all devices of the group, or puts back what was. */
    private Result<Done> program(int pasid, Domain domain, @Nullable Domain old) {
        List<HostDevice> done = new ArrayList<>();
        for (HostDevice d : group.devices()) {
            Result<Done> one = old == null ? core.attach(d, pasid, domain) : core.replace(d, pasid, domain);
            if (!one.isOk()) {
                Collections.reverse(done);
                done.forEach(back -> restore(back, pasid, old));
                return one;
            }
            done.add(d);
        }
        return Result.done();
    }

    /** Without asking whether that fails: what was there can be had. */
    private void restore(HostDevice device, int pasid, @Nullable Domain old) {
        if (old == null) {
            core.detach(device, pasid);
        } else {
            core.restore(device, pasid, old);
        }
    }

    /**
     * Attaches the group to another table instead, or a PASID of it.
     *
     * @return the old table; EINVAL if the device has not attached it, or cannot have it; EADDRINUSE; ENOMEM; what the driver says
     */
    Result<Hwpt> replace(BoundDevice device, int pasid, Hwpt hwpt) {
        Attached now = attached.get(pasid);
        if (now == null || !now.devices.contains(device)) {
            return Result.err(Errno.EINVAL, device + " is not attached");
        }
        Hwpt old = now.hwpt;
        if (old == hwpt) {
            return Result.ok(old);
        }
        boolean moves = pasid == IommuDriver.NO_PASID
                && old.paging().ioas() != hwpt.paging().ioas();
        Result<Done> reserved = moves ? reserve(now.devices, hwpt) : Result.done();
        if (!reserved.isOk()) {
            return reserved.fail();
        }
        Handle handle = Handle.of(device);
        Result<Done> swapped = swap(now, handle, pasid, hwpt);
        if (!swapped.isOk()) {
            if (moves) {
                now.devices.forEach(d -> release(d, pasid, hwpt));
            }
            return swapped.fail();
        }
        if (moves) {
            now.devices.forEach(d -> release(d, pasid, old));
        }
        FaultQueue queue = old.faults();
        if (queue != null) {
            queue.drop(now.handle);
            now.handle.device().disableFaults();
        }
        now.devices.forEach(d -> {
            hwpt.get();
            old.put();
        });
        now.hwpt = hwpt;
        now.handle = handle;
        return Result.ok(old);
    }

    private static Result<Done> reserve(Set<BoundDevice> devices, Hwpt hwpt) {
        for (BoundDevice d : devices) {
            Result<Done> one = reserve(d, hwpt);
            if (!one.isOk()) {
                devices.forEach(back -> release(back, IommuDriver.NO_PASID, hwpt));
                return one;
            }
        }
        return Result.done();
    }

    private Result<Done> swap(Attached now, Handle handle, int pasid, Hwpt hwpt) {
        Result<Done> possible = check(handle.device(), pasid, hwpt);
        if (!possible.isOk()) {
            return possible;
        }
        if (hwpt.faults() != null) {
            Result<Done> enabled = handle.device().enableFaults();
            if (!enabled.isOk()) {
                return enabled;
            }
        }
        Result<Done> programmed = program(pasid, hwpt.domain(), now.hwpt.domain());
        if (!programmed.isOk() && hwpt.faults() != null) {
            handle.device().disableFaults();
        }
        return programmed;
    }

    /**
     * Detaches: with the last device of the group nothing gets through any more.
     *
     * @return the table; EINVAL if the device has not attached it
     */
    Result<Hwpt> detach(BoundDevice device, int pasid) {
        Attached now = attached.get(pasid);
        if (now == null || !now.devices.remove(device)) {
            return Result.err(Errno.EINVAL, device + " is not attached");
        }
        if (now.devices.isEmpty()) {
            attached.remove(pasid);
            group.devices().forEach(d -> core.detach(d, pasid));
            FaultQueue queue = now.hwpt.faults();
            if (queue != null) {
                queue.drop(now.handle);
                now.handle.device().disableFaults();
            }
        }
        release(device, pasid, now.hwpt);
        now.hwpt.put();
        return Result.ok(now.hwpt);
    }
}
