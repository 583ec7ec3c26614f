// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.Domain;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.process.AddressSpace;
import org.jspecify.annotations.Nullable;

/** Lets device drivers of the kernel give processes' memory to devices, counted (Linux' {@code iommu_sva_bind_device}). */
public final class SvaBinder {
    private final ControlCore core;
    private final List<SvaHandle> handles = new ArrayList<>();

    SvaBinder(ControlCore core) {
        this.core = core;
    }

    /**
     * Attaches the PASID of an address space on all devices of the device's group to it, or counts one more if that has been done.
     *
     * @return EOPNOTSUPP without domains of first stages, ENODEV if the IOMMU or a device has no PASIDs, EINVAL if they are not enabled
     *     with ATS and page requests, or ATS was taken from a device that did not answer, ESRCH for a process that is exiting, EOVERFLOW if
     *     its PASID is too large for a device, ENOSPC if no PASID, or tag for translations, is free, ENOMEM, EBUSY if the PASID is attached
     *     to something else, EIO
     */
    public Result<SvaHandle> bind(HostDevice device, AddressSpace mm) {
        if (!mm.tryGet()) {
            return Result.err(Errno.ESRCH, "a process that is exiting");
        }
        Result<SvaHandle> bound = check(device).then(done -> bindAlive(device.group(), mm));
        mm.put();
        return bound;
    }

    private Result<Done> check(HostDevice device) {
        if (!core.driver().features().firstStage()) {
            return Result.err(Errno.EOPNOTSUPP, "the IOMMU has no first stages");
        }
        for (HostDevice d : device.group().devices()) {
            if (core.pasidEnd(d) == 0) {
                return Result.err(Errno.ENODEV, d + " has no PASIDs");
            }
            if (!core.isSvaEnabled(d) || !core.driver().usesAts(d.stream())) {
                return Result.err(Errno.EINVAL, d + " has PASIDs, ATS and page requests not enabled");
            }
        }
        return Result.done();
    }

    private Result<SvaHandle> bindAlive(IommuGroup group, AddressSpace mm) {
        int end = group.devices().stream().mapToInt(core::pasidEnd).min().orElse(0);
        if (mm.pasid() == AddressSpace.INVALID_PASID && core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "the PASID of an address space");
        }
        return core.shared().pasid(mm, end).then(pasid -> {
            SvaHandle known = find(group, pasid);
            if (known != null && core.shared().of(known.domain()) == mm) {
                known.get();
                return Result.ok(known);
            }
            if (known != null || group.devices().stream().anyMatch(d -> core.attached(d, pasid) != null)) {
                return Result.err(Errno.EBUSY, "PASID " + pasid + " of " + group);
            }
            if (core.fails(Step.ALLOCATION)) {
                return Result.err(Step.ALLOCATION.errno(), "an SVA handle");
            }
            return core.shared().acquire(mm).then(domain -> attach(new SvaHandle(group, pasid, domain)));
        });
    }

    @Nullable
    SvaHandle find(IommuGroup group, int pasid) {
        for (SvaHandle h : handles) {
            if (h.group() == group && h.pasid() == pasid) {
                return h;
            }
        }
        return null;
    }

    private Result<SvaHandle> attach(SvaHandle handle) {
        Domain domain = handle.domain();
        List<HostDevice> done = new ArrayList<>();
        for (HostDevice d : handle.devices()) {
            Result<Done> attached = core.attach(d, handle.pasid(), domain);
            if (!attached.isOk()) {
                for (int i = done.size() - 1; i >= 0; i--) {
                    core.detach(done.get(i), handle.pasid());
                }
                core.shared().release(domain);
                return attached.fail();
            }
            done.add(d);
        }
        handles.add(handle);
        return Result.ok(handle);
    }

    /**
     * Takes one use of a handle back; with the last one the PASID is detached. The PASID itself belongs to the address space until that is
     * freed.
     */
    public void unbind(SvaHandle handle) {
        if (!handles.contains(handle)) {
            throw new IllegalStateException(
                    "PASID " + handle.pasid() + " of " + handle.group() + " is unbound once too often");
        }
        if (handle.put()) {
            handles.remove(handle);
            handle.devices().forEach(d -> core.detach(d, handle.pasid()));
            core.shared().release(handle.domain());
        }
    }
}
