// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.nio.ByteBuffer;
import java.util.function.BiFunction;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserCopy;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.vfio.spec.Bind;
import org.iommuemu.host.vfio.spec.BindProcess;

/** VFIO_IOMMU_BIND and VFIO_IOMMU_UNBIND: the structures, in the order of their checks. */
record BindCalls(ControlCore core, BindTarget target) {
    long bind(Type1Iommu iommu, Caller caller, UserBuffer argument) {
        UserCopy copy = new UserCopy(argument, core::fails);
        return call(
                        caller,
                        copy,
                        (mm, process) -> iommu.bind(mm, pasid -> {
                            BindProcess.PASID.put(process, pasid);
                            return copy.out(Bind.DATA, process);
                        }))
                .returned();
    }

    long unbind(Type1Iommu iommu, Caller caller, UserBuffer argument) {
        return call(caller, new UserCopy(argument, core::fails), (mm, process) -> iommu.unbind(mm))
                .returned();
    }

    /** Steps 1 to 7 of both, the call, and step 13. */
    private <T> Result<T> call(
            Caller caller, UserCopy copy, BiFunction<AddressSpace, ByteBuffer, Result<T>> withMemory) {
        ByteBuffer head = copy.in(0, Bind.DATA);
        if (head == null) {
            return Result.err(Errno.EFAULT, "the head");
        }
        long argsz = Bind.ARGSZ.get(head);
        if (argsz < Bind.DATA || Bind.FLAGS.get(head) != Bind.PROCESS || argsz < Bind.DATA + BindProcess.BYTES) {
            return Result.err(Errno.EINVAL, "argsz or flags of the head");
        }
        ByteBuffer process = copy.in(Bind.DATA, BindProcess.BYTES);
        if (process == null) {
            return Result.err(Errno.EFAULT, "the process");
        }
        long flags = BindProcess.FLAGS.get(process);
        if ((flags & ~BindProcess.PID) != 0) {
            return Result.err(Errno.EINVAL, "flags of the process");
        }
        Result<AddressSpace> found =
                flags == BindProcess.PID ? target.of(caller, BindProcess.PID_FIELD.getInt(process)) : target.of(caller);
        return found.then(mm -> {
            Result<T> result = withMemory.apply(mm, process);
            mm.put();
            return result;
        });
    }
}
