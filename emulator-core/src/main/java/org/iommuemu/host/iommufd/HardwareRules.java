// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;

/** What the drivers of the two architectures refuse when a device is attached. */
record HardwareRules(ControlCore core) {
    /**
     * Whether a device can be attached.
     *
     * @return EINVAL for a guest's table that the unit cannot walk, ENOENT for a guest's contexts of a device that the guest does not know
     */
    Result<Done> check(BoundDevice device, Hwpt hwpt) {
        if (!(hwpt instanceof NestedHwpt nested)) {
            return Result.done();
        }
        if (nested.guest() instanceof GuestTable.VtdFirstStage first) {
            return core.driver().features().canNest(first.tables())
                    ? Result.done()
                    : Result.err(Errno.EINVAL, "the unit does not have " + first);
        }
        Vdevice vdevice = device.vdevice();
        boolean known = vdevice != null && vdevice.viommu() == nested.viommu();
        boolean translates = nested.guest() instanceof GuestTable.SmmuStreamEntry entry && entry.isTranslating();
        return known || !translates
                ? Result.done()
                : Result.err(Errno.ENOENT, "a guest's number of " + device.device());
    }
}
