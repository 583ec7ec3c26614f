// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserCopy;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.host.vfio.spec.GroupStatus;
import org.iommuemu.host.vfio.spec.VfioRequest;

/** What opening a group gives. */
public final class VfioGroupFile extends OpenFile {
    private static final int MOST_NAME_BYTES = 4096;

    private final VfioGroup group;

    VfioGroupFile(VfioGroup group) {
        this.group = group;
    }

    /** The group. */
    public VfioGroup group() {
        return group;
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        UserCopy copy = new UserCopy(argument, group.core()::fails);
        if (request == VfioRequest.GROUP_GET_STATUS) {
            return status(copy);
        }
        if (request == VfioRequest.GROUP_SET_CONTAINER) {
            return setContainer(caller, copy);
        }
        if (request == VfioRequest.GROUP_UNSET_CONTAINER) {
            return group.leave().returned();
        }
        return request == VfioRequest.GROUP_GET_DEVICE_FD ? deviceFd(caller, argument) : Errno.ENOTTY.returned();
    }

    private long status(UserCopy copy) {
        ByteBuffer status = copy.in(0, GroupStatus.BYTES);
        if (status == null) {
            return Errno.EFAULT.returned();
        }
        if (GroupStatus.ARGSZ.get(status) < GroupStatus.BYTES) {
            return Errno.EINVAL.returned();
        }
        GroupStatus.FLAGS.put(status, GroupStatus.VIABLE | (group.container() == null ? 0 : GroupStatus.CONTAINER_SET));
        return copy.out(0, status) ? 0 : Errno.EFAULT.returned();
    }

    private long setContainer(Caller caller, UserCopy copy) {
        ByteBuffer fd = copy.in(0, Integer.BYTES);
        if (fd == null) {
            return Errno.EFAULT.returned();
        }
        int number = fd.order(ByteOrder.LITTLE_ENDIAN).getInt();
        if (number < 0 || group.container() != null) {
            return Errno.EINVAL.returned();
        }
        return caller.process()
                .files()
                .get(number)
                .then(file -> file instanceof VfioContainer container
                        ? group.join(container)
                        : Result.err(Errno.EINVAL, "a file that is no container"))
                .returned();
    }

    /** Returns the new file descriptor. */
    private long deviceFd(Caller caller, UserBuffer argument) {
        if (group.core().fails(Step.COPY_IN)) {
            return Errno.EFAULT.returned();
        }
        byte[] name = new byte[MOST_NAME_BYTES];
        ByteBuffer one = ByteBuffer.allocate(1);
        for (int i = 0; i < MOST_NAME_BYTES; i++) {
            if (!argument.read(i, one.clear())) {
                return Errno.EFAULT.returned();
            }
            name[i] = one.get(0);
            if (name[i] == 0) {
                Result<VfioDeviceFile> opened = group.openDevice(new String(name, 0, i, StandardCharsets.ISO_8859_1));
                return opened.isOk() ? caller.process().files().open(opened.value()) : opened.returned();
            }
        }
        return Errno.EINVAL.returned();
    }

    @Override
    protected void release() {
        group.closed();
    }
}
