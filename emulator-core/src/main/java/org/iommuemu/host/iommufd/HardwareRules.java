// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.HardwareRegisters;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;

/** What the drivers of the two architectures refuse when a device is attached. */
record HardwareRules(ControlCore core) {
    /**
     * Whether a device, or a PASID of it, can be attached.
     *
     * @return EINVAL for a guest's table that the unit cannot walk, ENOENT for a guest's contexts of a device that the guest does not know
     */
    Result<Done> check(BoundDevice device, Hwpt hwpt) {
        return core.driver().hardware() instanceof HardwareRegisters.VtdUnit unit
                ? checkVtd(hwpt, unit)
                : checkSmmu(device, hwpt);
    }

    private Result<Done> checkVtd(Hwpt hwpt, HardwareRegisters.VtdUnit unit) {
        return hwpt instanceof NestedHwpt nested && nested.guest() instanceof GuestTable.VtdFirstStage first
                ? first.check(core.driver().features(), unit)
                : Result.done();
    }

    private static Result<Done> checkSmmu(BoundDevice device, Hwpt hwpt) {
        if (hwpt instanceof NestedHwpt nested
                && nested.guest() instanceof GuestTable.SmmuStreamEntry entry
                && entry.isTranslating()) {
            Vdevice vdevice = device.vdevice();
            boolean known = vdevice != null && vdevice.viommu() == nested.viommu();
            return known ? Result.done() : Result.err(Errno.ENOENT, "a guest's number of " + device);
        }
        return Result.done();
    }
}
