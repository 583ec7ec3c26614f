// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.iommuemu.host.IommuDriver.READ;
import static org.iommuemu.host.IommuDriver.WRITE;

import java.util.function.LongFunction;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.memory.PhysicalMemory;

/** The pages of an address space that somebody has pinned, as many as it may have. */
final class PinnedPages {
    private static final long BYTES = PhysicalMemory.PAGE_BYTES;

    private final Pages pages;
    private final PageFaults faults;
    private final FrameAllocator frames;
    private final FailurePlan failures;
    private long limit = AddressSpace.LOCKED_BYTES / BYTES;
    private long count;

    PinnedPages(Pages pages, PageFaults faults, FrameAllocator frames, FailurePlan failures) {
        this.pages = pages;
        this.faults = faults;
        this.frames = frames;
        this.failures = failures;
    }

    /** How many pages may be pinned. */
    long limit() {
        return limit;
    }

    void limit(long most) {
        limit = most;
    }

    /** How many pages are pinned; one that is pinned twice counts twice. */
    long count() {
        return count;
    }

    Result<long[]> pin(long start, long length, boolean write) {
        if (length <= 0) {
            return Result.err(Errno.EINVAL, "the length of what is to be pinned");
        }
        if (start < 0 || start > Regions.END || length > Regions.END - start) {
            return Result.err(Errno.EFAULT, "the range to be pinned");
        }
        return pinEach(start, length, page -> pin(page, write ? WRITE : READ));
    }

    Result<long[]> pin(SharedMemory file, long offset, long length) {
        if (length <= 0 || offset < 0 || offset > file.length() || length > file.length() - offset) {
            return Result.err(Errno.EINVAL, "the part of a file to be pinned");
        }
        return pinEach(offset, length, page -> pin(file, page));
    }

    private Result<long[]> pinEach(long start, long length, LongFunction<Result<Long>> one) {
        long first = start & -BYTES;
        long number = (start + length - first + BYTES - 1) / BYTES;
        if (number > limit - count || failures.fails(Step.ALLOCATION)) {
            return Result.err(Errno.ENOMEM, "the memory that may be locked");
        }
        long[] pinned = new long[(int) number];
        for (int i = 0; i < number; i++) {
            Result<Long> frame = one.apply(first + i * BYTES);
            if (!frame.isOk()) {
                for (int back = i - 1; back >= 0; back--) {
                    frames.unpin(pinned[back]);
                }
                return frame.fail();
            }
            pinned[i] = frame.value();
        }
        count += number;
        return Result.ok(pinned);
    }

    private Result<Long> pin(SharedMemory file, long page) {
        long frame = failures.fails(Step.MEMORY) ? FrameAllocator.NONE : file.frame(page);
        if (frame == FrameAllocator.NONE) {
            return Result.err(Step.MEMORY.errno(), String.format("pinning byte 0x%x of a file", page));
        }
        frames.pin(frame);
        frames.release(frame);
        return Result.ok(frame);
    }

    private Result<Long> pin(long page, int access) {
        if (failures.fails(Step.MEMORY)) {
            return Result.err(Step.MEMORY.errno(), String.format("pinning 0x%x", page));
        }
        Result<Done> present = faults.bringIn(page, access, true);
        Pages.Page p = pages.at(page);
        if (!present.isOk() || p == null) {
            return present.isOk() ? Result.err(Errno.EFAULT, String.format("pinning 0x%x", page)) : present.fail();
        }
        frames.pin(p.frame());
        return Result.ok(p.frame());
    }

    void unpin(long[] pinned) {
        for (long frame : pinned) {
            frames.unpin(frame);
        }
        count -= pinned.length;
    }
}
