// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Process;
import org.iommuemu.host.process.ProcessTable;

/** Finds the address space that a call is about, and keeps it for the call. */
record BindTarget(ProcessTable processes) {
    /** That of a process, which the caller may attach to. Who has no memory has none to protect, and is not there. */
    Result<AddressSpace> of(Caller caller, int pid) {
        return processes.find(pid).then(process -> {
            AddressSpace mm = process.addressSpace();
            if (mm == null || !mm.tryGet()) {
                return Result.err(Errno.ESRCH, "memory of process " + pid);
            }
            Result<Done> allowed = mayAccess(caller, process, mm);
            if (!allowed.isOk()) {
                mm.put();
                return allowed.fail();
            }
            return Result.ok(mm);
        });
    }

    private static Result<Done> mayAccess(Caller caller, Process process, AddressSpace mm) {
        return caller.process().addressSpace() == mm ? Result.done() : caller.mayAttach(process);
    }

    /** The caller's own. */
    Result<AddressSpace> of(Caller caller) {
        AddressSpace mm = caller.process().addressSpace();
        return mm != null && mm.tryGet() ? Result.ok(mm) : Result.err(Errno.EINVAL, "memory of the caller");
    }
}
