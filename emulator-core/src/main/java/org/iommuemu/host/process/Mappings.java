// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.iommuemu.host.IommuDriver.EXECUTE;
import static org.iommuemu.host.IommuDriver.READ;
import static org.iommuemu.host.IommuDriver.WRITE;

import java.util.List;
import java.util.Map;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** What mmap, munmap and mprotect do to regions, and to the pages that are there. */
final class Mappings {
    private static final int ALL = READ | WRITE | EXECUTE;
    private static final long BYTES = PhysicalMemory.PAGE_BYTES;

    private final Regions regions;
    private final Pages pages;
    private final PageFaults faults;
    private final FrameSource source;
    private final FailurePlan failures;

    Mappings(Regions regions, Pages pages, PageFaults faults, FrameSource source, FailurePlan failures) {
        this.regions = regions;
        this.pages = pages;
        this.faults = faults;
        this.source = source;
        this.failures = failures;
    }

    Result<Long> map(long hint, long length, int permissions) {
        return map(hint, length, permissions, null, 0);
    }

    Result<Long> mapShared(long hint, long length, int permissions) {
        return map(hint, length, permissions, new SharedMemory(source, roundUp(length)), 0);
    }

    Result<Long> mapFile(long hint, long length, int permissions, SharedMemory file, long offset) {
        if (offset < 0 || offset % BYTES != 0 || offset > Long.MAX_VALUE - Math.max(0, length)) {
            return Result.err(Errno.EINVAL, "where in a file a mapping begins");
        }
        return map(hint, length, permissions, file, offset);
    }

    private Result<Long> map(long hint, long length, int permissions, @Nullable SharedMemory shared, long offset) {
        if (length == 0 || (permissions & ~ALL) != 0) {
            return Result.err(Errno.EINVAL, "the arguments of a mapping");
        }
        if (length < 0 || length > Regions.END || regions.count() >= Regions.MOST) {
            return Result.err(Errno.ENOMEM, "room for a mapping");
        }
        long bytes = roundUp(length);
        long start = place(hint, bytes);
        if (start < 0 || failures.fails(Step.ALLOCATION)) {
            return Result.err(Errno.ENOMEM, "room for a mapping");
        }
        regions.add(new Region(start, start + bytes, permissions, shared, offset));
        regions.join(start, start + bytes);
        return Result.ok(start);
    }

    private long place(long hint, long bytes) {
        if (hint > 0 && hint <= Regions.END - bytes) {
            long at = Math.max(roundUp(hint), Regions.LOWEST);
            if (at <= Regions.END - bytes && regions.isFree(at, at + bytes)) {
                return at;
            }
        }
        return regions.room(bytes);
    }

    Result<Done> unmap(long start, long length) {
        if (!isRange(start, length)) {
            return Result.err(Errno.EINVAL, "the range to unmap");
        }
        long end = start + roundUp(length);
        if (!maySplit(start, end, regions.count(start, end))) {
            return Result.err(Errno.ENOMEM, "splitting a region");
        }
        List<Region> removed = regions.cut(start, end);
        pages.remove(start, end);
        removed.forEach(Mappings::drop);
        return Result.done();
    }

    Result<Done> protect(long start, long length, int permissions) {
        if (start % BYTES != 0 || (permissions & ~ALL) != 0) {
            return Result.err(Errno.EINVAL, "the arguments of a change of permissions");
        }
        if (length == 0) {
            return Result.done();
        }
        if (!isRange(start, length) || !regions.covers(start, start + roundUp(length))) {
            return Result.err(Errno.ENOMEM, "an address whose permissions are to change");
        }
        long end = start + roundUp(length);
        if (!maySplit(start, end, 0)) {
            return Result.err(Errno.ENOMEM, "splitting a region");
        }
        regions.cut(start, end).forEach(r -> regions.putBack(r.with(permissions)));
        regions.join(start, end);
        adjust(start, end);
        return Result.done();
    }

    /** Makes the tables allow no more than regions do, and no less where that harms nobody. */
    private void adjust(long start, long end) {
        long first = -1;
        long last = -1;
        for (Map.Entry<Long, Pages.Page> e : pages.within(start, end).entrySet()) {
            Region r = regions.at(e.getKey());
            Pages.Page p = e.getValue();
            int allowed = r == null ? 0 : faults.allowed(r, p);
            if (p.mapped() != allowed) {
                if (p.mapped() != 0) {
                    first = first < 0 ? e.getKey() : first;
                    last = e.getKey();
                }
                pages.write(e.getKey(), p, allowed);
            }
        }
        if (first >= 0) {
            pages.changed(first, last + BYTES);
        }
    }

    private static boolean isRange(long start, long length) {
        return start >= 0
                && start % BYTES == 0
                && length > 0
                && length <= Regions.END
                && start <= Regions.END - roundUp(length);
    }

    /**
     * Asks for the memory that splitting takes.
     *
     * @param removed how many of the parts go
     */
    private boolean maySplit(long start, long end, int removed) {
        int more = regions.splits(start, end);
        for (int i = 0; i < more; i++) {
            if (failures.fails(Step.ALLOCATION)) {
                return false;
            }
        }
        return more <= removed || regions.count() + more - removed <= Regions.MOST;
    }

    private static void drop(Region region) {
        if (region.shared() != null) {
            region.shared().put();
        }
    }

    private static long roundUp(long bytes) {
        return bytes + BYTES - 1 & -BYTES;
    }

    /** Takes everything away. */
    void clear() {
        List<Region> removed = regions.cut(0, Regions.END);
        pages.remove(0, Regions.END);
        removed.forEach(Mappings::drop);
    }
}
