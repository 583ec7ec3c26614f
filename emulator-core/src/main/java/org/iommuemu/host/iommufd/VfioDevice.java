// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;

/** A device that VFIO offers to user space ({@code /dev/vfio/devices/vfio0}). */
public final class VfioDevice {
    private final ControlCore core;
    private final HostDevice device;
    private boolean bound;
    private boolean resetting;

    /** One that nobody has bound. */
    public VfioDevice(ControlCore core, HostDevice device) {
        this.core = core;
        this.device = device;
    }

    ControlCore core() {
        return core;
    }

    HostDevice device() {
        return device;
    }

    /** Whether a file of it is bound to a {@code /dev/iommu}. */
    public boolean isBound() {
        return bound;
    }

    void bound(boolean on) {
        bound = on;
    }

    boolean isResetting() {
        return resetting;
    }

    /** A reset of its begins, in which nothing can be attached, or ends. */
    public void resetting(boolean on) {
        resetting = on;
    }

    /** Opens it; what can be done with it is to bind it. */
    public VfioDeviceFile open() {
        return new VfioDeviceFile(this);
    }
}
