// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserStructure;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.ioasid.spec.AllowLayout;
import org.iommuemu.host.ioasid.spec.IoasidRequests;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.OpenFile;

/** An open device. Of ioasids it says which of them the device may use, and nothing else. By requests, {@link IoasidRequests}. */
public final class VfioDeviceFd extends OpenFile {
    private final VfioDevice of;
    /** What the device may use through this file. */
    private final Map<Integer, IoasidContext> allowed = new TreeMap<>();

    VfioDeviceFd(VfioDevice of) {
        this.of = of;
    }

    /** The device. */
    public HostDevice device() {
        return of.device();
    }

    /** How many ioasids the device may use through this file. */
    public int allowed() {
        return allowed.size();
    }

    void remember(int ioasid, IoasidContext context) {
        allowed.put(ioasid, context);
    }

    void forget(int ioasid) {
        allowed.remove(ioasid);
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        boolean allows = request == IoasidRequests.DEVICE_ALLOW_IOASID;
        if (!allows && request != IoasidRequests.DEVICE_DISALLOW_IOASID) {
            return Errno.ENOTTY.returned();
        }
        return Arguments.read(argument, AllowLayout.BYTES, AllowLayout.BYTES, 0, of.core()::fails)
                .then(s -> change(caller, s, allows))
                .returned();
    }

    private Result<Done> change(Caller caller, UserStructure s, boolean allows) {
        Result<OpenFile> named = caller.process().files().get(s.getInt(AllowLayout.IOASID_FD));
        if (!named.isOk()) {
            return named.fail();
        }
        if (!(named.value() instanceof IoasidFile file)) {
            return Result.err(Errno.EINVAL, "a file that is not of /dev/ioasid");
        }
        long ioasid = file.ioasid(s.get(AllowLayout.IOASID));
        return allows ? file.context().allow(this, ioasid) : file.context().disallow(this, ioasid);
    }

    /** What it may use it may use no more, the highest number first. */
    @Override
    protected void release() {
        withdraw(new TreeMap<>(allowed).descendingMap().entrySet().iterator());
    }

    private void withdraw(Iterator<Map.Entry<Integer, IoasidContext>> left) {
        if (left.hasNext()) {
            Map.Entry<Integer, IoasidContext> next = left.next();
            next.getValue().closed(this, next.getKey(), () -> withdraw(left));
        } else {
            of.closed();
        }
    }
}
