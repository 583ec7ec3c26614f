// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserStructure;
import org.iommuemu.host.ioasid.spec.IoasidLayout;

/** Reads what callers pass, all of which begins with its size and flags. */
final class Arguments {
    private Arguments() {}

    /**
     * Reads a structure.
     *
     * @param bytes its size
     * @param inputEnd first byte that is not read
     * @param knownFlags flags that there are
     * @return EFAULT if it is not readable; EINVAL if it is too small, or has other flags
     */
    static Result<UserStructure> read(
            UserBuffer argument, int bytes, int inputEnd, int knownFlags, FailurePlan failures) {
        UserStructure s = new UserStructure(argument, 0, bytes, failures);
        if (!s.copyIn(0, IoasidLayout.HEAD_BYTES)) {
            return Result.err(Errno.EFAULT, "the head");
        }
        if (s.get(IoasidLayout.ARGSZ) < bytes || (s.getInt(IoasidLayout.FLAGS) & ~knownFlags) != 0) {
            return Result.err(Errno.EINVAL, "size or flags");
        }
        return s.copyIn(IoasidLayout.HEAD_BYTES, inputEnd)
                ? Result.ok(s)
                : Result.err(Errno.EFAULT, "what is behind the head");
    }
}
