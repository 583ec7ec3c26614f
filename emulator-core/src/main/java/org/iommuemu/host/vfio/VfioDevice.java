// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.function.Consumer;
import org.iommuemu.host.control.HostDevice;
import org.jspecify.annotations.Nullable;

/** A device that VFIO drives. */
public final class VfioDevice {
    private final VfioGroup group;
    private final HostDevice device;
    private @Nullable PasidHook hook;

    VfioDevice(VfioGroup group, HostDevice device) {
        this.group = group;
        this.device = device;
    }

    VfioGroup group() {
        return group;
    }

    HostDevice device() {
        return device;
    }

    /** What VFIO_GROUP_GET_DEVICE_FD knows it by: {@code 0000:00:02.0}. */
    public String name() {
        int stream = device.stream();
        return String.format("%04x:%02x:%02x.%x", stream >>> 16, stream >>> 8 & 0xFF, stream >>> 3 & 0x1F, stream & 7);
    }

    /** Lets a driver of the device have PASIDs programmed into it from now on; null, as at first, for nobody. */
    public void onPasids(@Nullable PasidHook other) {
        hook = other;
    }

    void tell(Consumer<PasidHook> what) {
        if (hook != null) {
            what.accept(hook);
        }
    }

    @Override
    public String toString() {
        return device.toString();
    }
}
