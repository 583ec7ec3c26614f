// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.memory.PhysicalMemory;

/**
 * A file that is memory alone (memfd_create(2)), of zeros at first, of a length that does not change. It can be mapped and pinned; what it holds
 * lives as long as the file is open somewhere, or mapped.
 */
public final class MemoryFile extends OpenFile {
    private static final int PAGE = PhysicalMemory.PAGE_BYTES;

    private final SharedMemory memory;
    private final FrameSource source;
    private final FailurePlan failures;

    MemoryFile(SharedMemory memory, FrameSource source, FailurePlan failures) {
        this.memory = memory;
        this.source = source;
        this.failures = failures;
        memory.get();
    }

    /** Its length in bytes, a multiple of 4 KiB. */
    public long length() {
        return memory.length();
    }

    SharedMemory memory() {
        return memory;
    }

    /** Knows no request. */
    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        return Errno.ENOTTY.returned();
    }

    /**
     * Reads.
     *
     * @return how many bytes were read, fewer at the end of the file, or where the buffer or memory ends; EINVAL, EFAULT, ENOMEM if none
     */
    @Override
    public long read(Caller caller, UserBuffer into, long count, long position) {
        return transfer(into, count, position, false);
    }

    /**
     * Writes.
     *
     * @return how many bytes were written, fewer where the file, the buffer or memory ends; EINVAL, EFAULT, ENOMEM if none
     */
    @Override
    public long write(Caller caller, UserBuffer from, long count, long position) {
        return transfer(from, count, position, true);
    }

    private long transfer(UserBuffer buffer, long count, long position, boolean isWrite) {
        if (count < 0 || position < 0) {
            return Errno.EINVAL.returned();
        }
        long bytes = Math.min(count, Math.max(0, length() - position));
        long done = 0;
        while (done < bytes) {
            long at = position + done;
            int n = (int) Math.min(bytes - done, PAGE - at % PAGE);
            Result<Done> piece = isWrite ? write(buffer, done, at, n) : read(buffer, done, at, n);
            if (!piece.isOk()) {
                return done > 0 ? done : piece.returned();
            }
            done += n;
        }
        return done;
    }

    private Result<Done> read(UserBuffer into, long offset, long at, int bytes) {
        return frame(at).then(frame -> {
            byte[] piece = new byte[bytes];
            source.memory().read(frame + at % PAGE, piece, 0, bytes);
            return into.write(offset, ByteBuffer.wrap(piece)) ? Result.done() : fault();
        });
    }

    private Result<Done> write(UserBuffer from, long offset, long at, int bytes) {
        ByteBuffer piece = ByteBuffer.allocate(bytes);
        if (!from.read(offset, piece)) {
            return fault();
        }
        return frame(at).then(frame -> {
            source.memory().write(frame + at % PAGE, piece.array(), 0, bytes);
            return Result.done();
        });
    }

    private static Result<Done> fault() {
        return Result.err(Errno.EFAULT, "the buffer of a read or a write");
    }

    private Result<Long> frame(long at) {
        long frame = failures.fails(Step.MEMORY) ? FrameAllocator.NONE : memory.frame(at & -(long) PAGE);
        if (frame == FrameAllocator.NONE) {
            return Result.err(Errno.ENOMEM, String.format("a page for byte 0x%x of a file", at));
        }
        source.allocator().release(frame);
        return Result.ok(frame);
    }

    /** No descriptor stands for it any more; what is mapped stays. */
    @Override
    protected void release() {
        memory.put();
    }
}
