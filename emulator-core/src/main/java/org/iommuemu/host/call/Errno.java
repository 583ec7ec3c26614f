// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.call;

/** Errors of calls, with Linux' numbers (asm-generic/errno-base.h, errno.h). */
public enum Errno {
    EPERM(1),
    ENOENT(2),
    ESRCH(3),
    EINTR(4),
    EIO(5),
    E2BIG(7),
    EBADF(9),
    EAGAIN(11),
    ENOMEM(12),
    EACCES(13),
    EFAULT(14),
    EBUSY(16),
    EEXIST(17),
    ENODEV(19),
    EINVAL(22),
    ENOTTY(25),
    ENOSPC(28),
    ESPIPE(29),
    EOVERFLOW(75),
    EBADFD(77),
    EMSGSIZE(90),
    EOPNOTSUPP(95),
    EADDRINUSE(98);

    private final int number;

    Errno(int number) {
        this.number = number;
    }

    /** Its number, positive. */
    public int number() {
        return number;
    }

    /** What a call returns that fails with it: its number, negative. */
    public long returned() {
        return -number;
    }
}
