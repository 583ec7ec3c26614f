// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserStructure;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.ioasid.spec.IoasidLayout;
import org.iommuemu.host.ioasid.spec.IoasidRequests;
import org.iommuemu.host.process.Caller;

/** An open /dev/ioasid: one for a virtual machine or process, with as many ioasids as that wants. By requests, {@link IoasidRequests}. */
public final class IoasidFd extends IoasidFile {
    /** One without ioasids. */
    public IoasidFd(ControlCore core) {
        super(new IoasidContext(core), core::fails);
    }

    @Override
    long ioasid(long named) {
        return named;
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        if (request == IoasidRequests.ALLOC) {
            return read(argument, IoasidLayout.HEAD_BYTES).then(this::alloc).returned();
        }
        if (request == IoasidRequests.FREE) {
            return read(argument, IoasidLayout.BYTES)
                    .then(s -> context().free(s.get(IoasidLayout.IOASID)))
                    .returned();
        }
        if (request == IoasidRequests.BIND_PGTBL) {
            return bind(argument);
        }
        return request == IoasidRequests.UNBIND_PGTBL ? unbind(argument) : Errno.ENOTTY.returned();
    }

    private Result<Integer> alloc(UserStructure answer) {
        Result<Integer> number = context().alloc();
        if (!number.isOk() || answer.copyOut(IoasidLayout.IOASID, number.value())) {
            return number;
        }
        context().free(number.value());
        return Result.err(Errno.EFAULT, "the ioasid");
    }
}
