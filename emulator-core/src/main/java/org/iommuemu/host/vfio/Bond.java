// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import org.iommuemu.host.Domain;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;

/** What is bound to a container, and so to each device of it. */
interface Bond {
    /** No PASID, or none yet. */
    int NO_PASID = -1;

    /** What devices use it by, the same on all of them, or {@link #NO_PASID}. */
    int pasid();

    /** Whether an IOMMU can have it. */
    default Result<Done> check(ControlCore core) {
        return Result.done();
    }

    /**
     * Binds it on a device.
     *
     * @param plain what the device's requests without PASID are attached to
     */
    Result<Done> bind(ControlCore core, HostDevice device, Domain plain);

    /** Takes it off a device; nothing if it is not bound there. Never fails. */
    void unbind(ControlCore core, HostDevice device);

    /**
     * Keeps what is bound from going while it is bound on more devices.
     *
     * @return false if it is going
     */
    default boolean tryHold() {
        return true;
    }

    /** Gives up what {@link #tryHold} took. May end the bond, for which the container's lock is needed: not to be called under it. */
    default void letGo() {}

    /** It is bound nowhere any more, and gives up what it has. */
    void end();
}
