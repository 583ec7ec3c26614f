// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserCopy;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.host.vfio.spec.DeviceInfo;
import org.iommuemu.host.vfio.spec.VfioRequest;

/** What a group gives for a device. Keeps the group in its container. Regions and interrupts are not modelled. */
public final class VfioDeviceFile extends OpenFile {
    private final VfioDevice device;

    VfioDeviceFile(VfioDevice device) {
        this.device = device;
    }

    /** The device. */
    public VfioDevice device() {
        return device;
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        if (request != VfioRequest.DEVICE_GET_INFO) {
            return Errno.ENOTTY.returned();
        }
        UserCopy copy = new UserCopy(argument, device.group().core()::fails);
        ByteBuffer info = copy.in(0, DeviceInfo.BYTES);
        if (info == null) {
            return Errno.EFAULT.returned();
        }
        if (DeviceInfo.ARGSZ.get(info) < DeviceInfo.BYTES) {
            return Errno.EINVAL.returned();
        }
        DeviceInfo.FLAGS.put(info, DeviceInfo.PCI);
        DeviceInfo.NUM_REGIONS.put(info, 0);
        DeviceInfo.NUM_IRQS.put(info, 0);
        return copy.out(0, info) ? 0 : Errno.EFAULT.returned();
    }

    @Override
    protected void release() {
        device.group().dropUser();
    }
}
