// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.iommufd.spec.EventStructures.PageFault;
import org.iommuemu.host.iommufd.spec.EventStructures.Response;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.jspecify.annotations.Nullable;

/** The file of a fault queue: faults are read, answers are written. It keeps the file that the queue belongs to open. */
final class FaultQueueFile extends OpenFile {
    private final ControlCore core;
    private final FaultQueue queue;
    private final OpenFile iommufd;

    FaultQueueFile(ControlCore core, FaultQueue queue, OpenFile iommufd) {
        this.core = core;
        this.queue = queue;
        this.iommufd = iommufd;
        queue.get();
        iommufd.get();
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        return Errno.ENOTTY.returned();
    }

    /** Whole groups, as many as fit. */
    @Override
    public long read(Caller caller, UserBuffer into, long count, long position) {
        if (position != 0 || count < 0 || count % PageFault.BYTES != 0) {
            return Errno.ESPIPE.returned();
        }
        long done = 0;
        for (FaultQueue.Pending next = queue.next(); next != null; next = queue.next()) {
            ByteBuffer records = ByteBuffer.allocate(next.group().requests().size() * PageFault.BYTES);
            if (records.limit() > count - done) {
                break;
            }
            if (core.fails(Step.ALLOCATION)) {
                return done == 0 ? Step.ALLOCATION.errno().returned() : done;
            }
            int cookie = queue.nextCookie();
            compose(records, next, cookie);
            if (core.fails(Step.COPY_OUT) || !into.write(done, records)) {
                return done == 0 ? Errno.EFAULT.returned() : done;
            }
            queue.delivered(cookie);
            done += records.limit();
        }
        return done;
    }

    private static void compose(ByteBuffer records, FaultQueue.Pending pending, int cookie) {
        int at = 0;
        for (PageRequest r : pending.group().requests()) {
            ByteBuffer record = records.slice(at, PageFault.BYTES);
            boolean hasPasid = r.substreamId() != IommuDriver.NO_PASID;
            PageFault.FLAGS.put(record, (hasPasid ? PageFault.PASID_VALID : 0) | (r.last() ? PageFault.LAST_PAGE : 0));
            PageFault.DEV_ID.put(record, pending.device());
            PageFault.PASID.put(record, hasPasid ? r.substreamId() : 0);
            PageFault.GRPID.put(record, r.group());
            PageFault.PERM.put(
                    record,
                    (r.read() ? PageFault.PERM_READ : 0)
                            | (r.write() ? PageFault.PERM_WRITE : 0)
                            | (r.execute() ? PageFault.PERM_EXEC : 0)
                            | (r.privileged() ? PageFault.PERM_PRIV : 0));
            PageFault.ADDR.put(record, r.address());
            PageFault.COOKIE.put(record, cookie);
            at += PageFault.BYTES;
        }
    }

    @Override
    public long write(Caller caller, UserBuffer from, long count, long position) {
        if (position != 0 || count < 0 || count % Response.BYTES != 0) {
            return Errno.ESPIPE.returned();
        }
        long done = 0;
        while (done < count) {
            Errno refused = answer(from, done);
            if (refused != null) {
                return done == 0 ? refused.returned() : done;
            }
            done += Response.BYTES;
        }
        return done;
    }

    private @Nullable Errno answer(UserBuffer from, long at) {
        ByteBuffer response = ByteBuffer.allocate(Response.BYTES);
        if (core.fails(Step.COPY_IN) || !from.read(at, response)) {
            return Errno.EFAULT;
        }
        int code = Response.CODE.getInt(response);
        if (code != Response.SUCCESS && code != Response.INVALID) {
            return Errno.EINVAL;
        }
        PageResponse.Code answer = code == Response.SUCCESS ? PageResponse.Code.SUCCESS : PageResponse.Code.INVALID;
        return queue.answer(Response.COOKIE.getInt(response), answer) ? null : Errno.EINVAL;
    }

    @Override
    protected void release() {
        queue.closed();
        queue.put();
        iommufd.put();
    }
}
