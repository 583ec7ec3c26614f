// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.iommufd.spec.EventStructures.Header;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.OpenFile;

/** The file of a queue of events: they are read, each behind a header. It keeps the file that the queue belongs to open. */
final class EventQueueFile extends OpenFile {
    private final ControlCore core;
    private final EventQueue queue;
    private final OpenFile iommufd;

    EventQueueFile(ControlCore core, EventQueue queue, OpenFile iommufd) {
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

    /** Whole events, as many as fit. */
    @Override
    public long read(Caller caller, UserBuffer into, long count, long position) {
        if (position != 0) {
            return Errno.ESPIPE.returned();
        }
        long done = 0;
        for (EventQueue.Event next = queue.next(); next != null; next = queue.next()) {
            int bytes = Header.BYTES + next.words().length * Long.BYTES;
            if (bytes > count - done) {
                break;
            }
            ByteBuffer record = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
            Header.FLAGS.put(record, next.isLoss() ? Header.LOST_EVENTS : 0);
            Header.SEQUENCE.put(record, next.sequence());
            record.position(Header.BYTES);
            for (long word : next.words()) {
                record.putLong(word);
            }
            record.flip();
            if (core.fails(Step.COPY_OUT) || !into.write(done, record)) {
                return done == 0 ? Errno.EFAULT.returned() : done;
            }
            queue.delivered();
            done += bytes;
        }
        return done;
    }

    @Override
    protected void release() {
        queue.put();
        iommufd.put();
    }
}
