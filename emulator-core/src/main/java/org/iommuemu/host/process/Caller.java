// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;

/**
 * Who makes a call.
 *
 * @param process the calling thread
 */
public record Caller(Process process) {
    /**
     * Whether the caller may do to a process what a debugger may (PTRACE_MODE_ATTACH_REALCREDS, ptrace(2)): it is a thread of the same process;
     * or its real user and group are all of the target's and the target is dumpable; or it has CAP_SYS_PTRACE. User
     * namespaces are not modelled.
     *
     * @return EACCES if not, EPERM if the security module forbids it
     */
    public Result<Done> mayAttach(Process target) {
        if (process.leader() == target.leader()) {
            return Result.done();
        }
        Credentials own = process.credentials();
        boolean same = isSame(own, target.credentials()) && target.isDumpable();
        if (!same && !own.ptraceCapable()) {
            return Result.err(Errno.EACCES, "permission to attach to process " + target.pid());
        }
        return process.table().securityModule().allowsAttach(process, target)
                ? Result.done()
                : Result.err(Errno.EPERM, "the security module on attaching to process " + target.pid());
    }

    private static boolean isSame(Credentials own, Credentials its) {
        return own.uid() == its.uid()
                && own.uid() == its.euid()
                && own.uid() == its.suid()
                && own.gid() == its.gid()
                && own.gid() == its.egid()
                && own.gid() == its.sgid();
    }
}
