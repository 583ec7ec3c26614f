// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.ioasid.spec.IoasidRequests;
import org.iommuemu.host.process.Caller;

/**
 * The first sketch of /dev/ioasid: to open it is to have one ioasid, to close it is to free that. Calls need not name it; what they name is
 * not looked at. To be bound and unbound, and allowed to devices, as {@link IoasidFd}.
 */
public final class SingleIoasidFd extends IoasidFile {
    private final int ioasid;

    private SingleIoasidFd(ControlCore core, IoasidContext context, int ioasid) {
        super(context, core::fails);
        this.ioasid = ioasid;
    }

    /**
     * Opens one.
     *
     * @return ENOSPC if there is no ioasid, ENOMEM
     */
    public static Result<SingleIoasidFd> open(ControlCore core) {
        IoasidContext context = new IoasidContext(core);
        return context.alloc().then(number -> Result.ok(new SingleIoasidFd(core, context, number)));
    }

    /** Its ioasid. */
    public int ioasid() {
        return ioasid;
    }

    @Override
    long ioasid(long named) {
        return ioasid;
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        if (request == IoasidRequests.BIND_PGTBL) {
            return bind(argument);
        }
        return request == IoasidRequests.UNBIND_PGTBL ? unbind(argument) : Errno.ENOTTY.returned();
    }
}
