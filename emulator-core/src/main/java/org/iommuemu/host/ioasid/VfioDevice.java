// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.process.OpenFile;
import org.jspecify.annotations.Nullable;

/** A device that VFIO gives to user space. While it is open it may use PASIDs, ATS and page requests, if it has them. */
public final class VfioDevice {
    private final ControlCore core;
    private final HostDevice device;
    private final @Nullable OpenFile container;
    private int opened;
    private boolean enabledHere;

    /**
     * A device that is not open.
     *
     * @param container which its group is in, and which it keeps while it is open; null if somebody else sees to that
     */
    public VfioDevice(ControlCore core, HostDevice device, @Nullable OpenFile container) {
        this.core = core;
        this.device = device;
        this.container = container;
    }

    HostDevice device() {
        return device;
    }

    ControlCore core() {
        return core;
    }

    /**
     * Opens it.
     *
     * @return ENOMEM, EIO; a device that lacks something is open nevertheless, but may use no ioasid
     */
    public Result<VfioDeviceFd> open() {
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "a file of " + device);
        }
        boolean wasEnabled = core.isSvaEnabled(device);
        Result<Done> able = core.enableSva(device);
        if (!able.isOk() && able.errno() != Errno.ENODEV) {
            return able.fail();
        }
        enabledHere |= able.isOk() && !wasEnabled;
        opened++;
        if (container != null) {
            container.get();
        }
        return Result.ok(new VfioDeviceFd(this));
    }

    /** A file of it is gone. */
    void closed() {
        opened--;
        if (opened == 0 && enabledHere) {
            core.disableSva(device);
            enabledHere = false;
        }
        if (container != null) {
            container.put();
        }
    }
}
