// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.RequestNumber;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures.Attach;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures.Bind;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures.Detach;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.OpenFile;
import org.jspecify.annotations.Nullable;

/**
 * An open VFIO device (device_cdev.c, iommufd.c of VFIO): bound to a {@code /dev/iommu}, which it keeps open, and attached there. Before it is
 * bound every other request is EINVAL.
 */
public final class VfioDeviceFile extends OpenFile {
    private static final int BIND = RequestNumber.of(RequestNumber.VFIO_BASE + Bind.NUMBER);
    private static final int ATTACH = RequestNumber.of(RequestNumber.VFIO_BASE + Attach.NUMBER);
    private static final int DETACH = RequestNumber.of(RequestNumber.VFIO_BASE + Detach.NUMBER);
    private static final int ATTACH_MINIMUM = Attach.PT_ID.end();
    private static final int DETACH_MINIMUM = Detach.FLAGS.end();

    /** What it is bound to. */
    private record Binding(IommufdFile file, int device) {
        DeviceCalls calls() {
            return file.iommufd().devices();
        }
    }

    private final VfioDevice device;
    private final ControlCore core;
    private @Nullable Binding binding;

    VfioDeviceFile(VfioDevice device) {
        this.device = device;
        core = device.core();
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        if (request == BIND) {
            return bind(caller, argument).returned();
        }
        Binding to = binding;
        if (to == null) {
            return Errno.EINVAL.returned();
        }
        if (request == ATTACH) {
            return attach(to, argument).returned();
        }
        return request == DETACH ? detach(to, argument).returned() : Errno.ENOTTY.returned();
    }

    private Result<Done> bind(Caller caller, UserBuffer argument) {
        ByteBuffer bind = ByteBuffer.allocate(Bind.BYTES);
        if (core.fails(Step.COPY_IN) || !argument.read(0, bind)) {
            return Result.err(Errno.EFAULT, "VFIO_DEVICE_BIND_IOMMUFD");
        }
        boolean valid = Bind.ARGSZ.get(bind) >= Bind.BYTES
                && Bind.FLAGS.get(bind) == 0
                && Bind.IOMMUFD.getInt(bind) >= 0
                && binding == null
                && !device.isBound();
        if (!valid) {
            return Result.err(Errno.EINVAL, "VFIO_DEVICE_BIND_IOMMUFD");
        }
        return caller.process()
                .files()
                .get(Bind.IOMMUFD.getInt(bind))
                .then(file -> file instanceof IommufdFile iommufd
                        ? bind(iommufd, bind, argument)
                        : Result.err(Errno.EBADFD, "a file that is no /dev/iommu"));
    }

    private Result<Done> bind(IommufdFile file, ByteBuffer bind, UserBuffer argument) {
        DeviceCalls calls = file.iommufd().devices();
        return calls.bind(device.device()).then(id -> {
            Bind.OUT_DEVID.put(bind, id);
            if (!copyOut(argument, bind, Bind.OUT_DEVID.offset(), Bind.OUT_DEVID.end())) {
                calls.unbind(id);
                return Result.err(Errno.EFAULT, "the number of a device");
            }
            file.get();
            binding = new Binding(file, id);
            device.bound(true);
            return Result.done();
        });
    }

    private boolean copyOut(UserBuffer argument, ByteBuffer structure, int from, int end) {
        return !core.fails(Step.COPY_OUT)
                && argument.write(from, structure.duplicate().position(from).limit(end));
    }

    /** Copies the first part of a structure, then, if a PASID is meant, the rest; EFAULT, EINVAL for one too short or for unknown flags. */
    private Result<ByteBuffer> copyIn(UserBuffer argument, int minimum, int all) {
        ByteBuffer structure = ByteBuffer.allocate(all);
        if (core.fails(Step.COPY_IN) || !argument.read(0, structure.limit(minimum))) {
            return Result.err(Errno.EFAULT, "attaching or detaching");
        }
        structure.clear();
        // Both structures begin with argsz and flags, of which the lowest says that there is a PASID.
        long size = Attach.ARGSZ.get(structure);
        if (size < minimum || (Attach.FLAGS.getInt(structure) & ~Attach.FLAG_PASID) != 0) {
            return Result.err(Errno.EINVAL, "attaching or detaching");
        }
        if (Attach.FLAGS.get(structure) != 0) {
            if (size < all) {
                return Result.err(Errno.EINVAL, "a structure without PASID");
            }
            if (core.fails(Step.COPY_IN) || !argument.read(minimum, structure.position(minimum))) {
                return Result.err(Errno.EFAULT, "a PASID");
            }
        }
        return Result.ok(structure.clear());
    }

    private static Result<Integer> pasid(boolean given, int pasid) {
        return given && (pasid == 0 || pasid == IommuDriver.NO_PASID)
                ? Result.err(Errno.EINVAL, "PASID " + Integer.toUnsignedString(pasid))
                : Result.ok(given ? pasid : IommuDriver.NO_PASID);
    }

    /** If the number of the table cannot be told, what was attached, or replaced, is detached. */
    private Result<Done> attach(Binding to, UserBuffer argument) {
        Result<ByteBuffer> copied = copyIn(argument, ATTACH_MINIMUM, Attach.BYTES);
        return copied.then(a -> pasid(Attach.FLAGS.get(a) != 0, Attach.PASID.getInt(a))
                .then(pasid -> {
                    if (device.isResetting()) {
                        return Result.err(Errno.EBUSY, "a device in reset");
                    }
                    int target = Attach.PT_ID.getInt(a);
                    boolean replaces = to.calls().attached(to.device(), pasid).isOk();
                    Result<Integer> table = replaces
                            ? to.calls().replace(to.device(), pasid, target)
                            : to.calls().attach(to.device(), pasid, target);
                    return table.then(id -> {
                        Attach.PT_ID.put(a, id);
                        if (!copyOut(argument, a, Attach.PT_ID.offset(), Attach.PT_ID.end())) {
                            to.calls().detach(to.device(), pasid);
                            return Result.err(Errno.EFAULT, "the number of a table");
                        }
                        return Result.done();
                    });
                }));
    }

    /** What is not attached is detached already. */
    private Result<Done> detach(Binding to, UserBuffer argument) {
        Result<ByteBuffer> copied = copyIn(argument, DETACH_MINIMUM, Detach.BYTES);
        return copied.then(d -> {
            boolean hasPasid = Detach.FLAGS.get(d) != 0;
            int pasid = Detach.PASID.getInt(d);
            if (!hasPasid || pasid > 0) {
                to.calls().detach(to.device(), hasPasid ? pasid : IommuDriver.NO_PASID);
            }
            return Result.done();
        });
    }

    @Override
    protected void release() {
        Binding was = binding;
        if (was != null) {
            binding = null;
            device.bound(false);
            was.calls().unbind(was.device());
            was.file().put();
        }
    }
}
