// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;

/** The groups of a container: their devices see the guest's memory without PASID, and by PASIDs what is bound. */
final class GuestGroups {
    private final ControlCore core;
    private final Domain memory;
    private final GuestBonds bonds;
    private final List<IommuGroup> groups = new ArrayList<>();
    /** Devices that were given PASIDs, ATS and page requests here. */
    private final Set<HostDevice> enabled = new LinkedHashSet<>();

    GuestGroups(ControlCore core, Domain memory, GuestBonds bonds) {
        this.core = core;
        this.memory = memory;
        this.bonds = bonds;
    }

    boolean isEmpty() {
        return groups.isEmpty();
    }

    /** All of a group, or nothing of it. */
    Result<Done> attach(IommuGroup group) {
        if (groups.contains(group)) {
            return Result.err(Errno.EINVAL, group + " is attached");
        }
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), group.toString());
        }
        List<HostDevice> attached = new ArrayList<>();
        Result<Done> all = attachMemory(group.devices(), attached);
        if (all.isOk()) {
            all = enable(attached);
        }
        if (all.isOk()) {
            all = bonds.add(attached);
        }
        if (all.isOk()) {
            groups.add(group);
        } else {
            withdraw(attached);
        }
        return all;
    }

    private Result<Done> attachMemory(List<HostDevice> devices, List<HostDevice> done) {
        for (HostDevice device : devices) {
            Result<Done> attached = core.attached(device, IommuDriver.NO_PASID) == null
                    ? core.attach(device, IommuDriver.NO_PASID, memory)
                    : Result.err(Errno.EBUSY, device + " is attached");
            if (!attached.isOk()) {
                return attached;
            }
            done.add(device);
        }
        return Result.done();
    }

    /** A device that lacks something stays without PASIDs. */
    private Result<Done> enable(List<HostDevice> devices) {
        for (HostDevice device : devices) {
            boolean wasEnabled = core.isSvaEnabled(device);
            Result<Done> able = core.enableSva(device);
            if (able.isOk() && !wasEnabled) {
                enabled.add(device);
            } else if (!able.isOk() && able.errno() != Errno.ENODEV) {
                return able;
            }
        }
        return Result.done();
    }

    /** The last device first. */
    private void withdraw(List<HostDevice> devices) {
        List<HostDevice> reverse = new ArrayList<>(devices);
        Collections.reverse(reverse);
        for (HostDevice device : reverse) {
            if (enabled.remove(device)) {
                core.disableSva(device);
            }
            core.unbindPasidTable(device);
            core.detach(device, IommuDriver.NO_PASID);
        }
    }

    /** With the last group, what is bound is forgotten. */
    Result<Done> detach(IommuGroup group) {
        if (!groups.remove(group)) {
            return Result.err(Errno.EINVAL, group + " is not attached");
        }
        List<HostDevice> devices =
                bonds.devices().stream().filter(d -> d.group() == group).toList();
        bonds.remove(devices);
        withdraw(devices);
        return Result.done();
    }

    /** All groups. */
    void clear() {
        List.copyOf(groups).forEach(this::detach);
    }
}
