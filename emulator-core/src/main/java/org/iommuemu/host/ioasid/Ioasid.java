// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.iommuemu.host.Domain;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;
import org.jspecify.annotations.Nullable;

/** One ioasid: the devices that may use it, and the page table that it stands for. */
final class Ioasid {
    private final ControlCore core;
    private final int number;
    private final List<VfioDeviceFd> devices = new ArrayList<>();
    private GuestTables.@Nullable FirstStage table;
    /** The table behind each of the second stages that devices have. */
    private final List<Domain> nested = new ArrayList<>();

    Ioasid(ControlCore core, int number) {
        this.core = core;
        this.number = number;
    }

    boolean isBound() {
        return table != null;
    }

    boolean isAllowed() {
        return !devices.isEmpty();
    }

    boolean isAllowed(VfioDeviceFd device) {
        return devices.contains(device);
    }

    /** A device may use it, from now on by the table if there is one. */
    Result<Done> allow(VfioDeviceFd device) {
        if (devices.stream().anyMatch(d -> d.device() == device.device())) {
            return Result.err(Errno.EEXIST, device.device() + " may use ioasid " + number);
        }
        if (!core.isSvaEnabled(device.device())) {
            return Result.err(Errno.ENODEV, device.device() + " has no PASIDs, ATS and page requests");
        }
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "a device of ioasid " + number);
        }
        GuestTables.FirstStage now = table;
        Result<Done> attached = now == null ? Result.done() : attach(device.device(), now);
        if (attached.isOk()) {
            devices.add(device);
        }
        return attached;
    }

    /** A device may use it no more. */
    void disallow(VfioDeviceFd device) {
        if (devices.remove(device) && isBound()) {
            core.detach(device.device(), number);
            freeUnused();
        }
    }

    /** All devices get the table, or none does. */
    Result<Done> bind(GuestTables.FirstStage to) {
        if (isBound()) {
            return Result.err(Errno.EBUSY, "ioasid " + number + " has a table");
        }
        List<HostDevice> done = new ArrayList<>();
        for (VfioDeviceFd device : devices) {
            Result<Done> attached = attach(device.device(), to);
            if (!attached.isOk()) {
                detach(done);
                return attached;
            }
            done.add(device.device());
        }
        table = to;
        return Result.done();
    }

    Result<Done> unbind() {
        if (!isBound()) {
            return Result.err(Errno.EINVAL, "ioasid " + number + " has no table");
        }
        table = null;
        detach(devices.stream().map(VfioDeviceFd::device).toList());
        return Result.done();
    }

    /** The last one first. */
    private void detach(List<HostDevice> from) {
        List<HostDevice> reverse = new ArrayList<>(from);
        Collections.reverse(reverse);
        reverse.forEach(device -> core.detach(device, number));
        freeUnused();
    }

    private void freeUnused() {
        for (Domain domain : List.copyOf(nested)) {
            if (!domain.isUsed()) {
                nested.remove(domain);
                core.driver().free(domain);
            }
        }
    }

    private Result<Done> attach(HostDevice device, GuestTables.FirstStage to) {
        Domain memory = core.attached(device, IommuDriver.NO_PASID);
        if (memory == null || memory.kind() != Domain.Kind.SECOND_STAGE) {
            return Result.err(Errno.EINVAL, device + " has no guest's memory");
        }
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "a nested domain");
        }
        Result<Done> attached = behind(memory, to).then(domain -> core.attach(device, number, domain));
        freeUnused();
        return attached;
    }

    private Result<Domain> behind(Domain memory, GuestTables.FirstStage to) {
        for (Domain domain : nested) {
            if (domain.parent() == memory) {
                return Result.ok(domain);
            }
        }
        return core.nest(memory, to).then(made -> {
            nested.add(made);
            return Result.ok(made);
        });
    }

    /** All goes: the table first, then the devices. */
    void release() {
        if (isBound()) {
            unbind();
        }
        List.copyOf(devices).forEach(device -> device.forget(number));
        devices.clear();
    }
}
