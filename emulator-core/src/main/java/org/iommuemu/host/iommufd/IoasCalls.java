// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.MemoryFile;
import org.jspecify.annotations.Nullable;

/** Calls on I/O address spaces (ioas.c, io_pagetable.c). ENOENT for numbers that are no IOAS's. */
public final class IoasCalls {
    private final Iommufd iommufd;

    IoasCalls(Iommufd iommufd) {
        this.iommufd = iommufd;
    }

    /**
     * What can be mapped where.
     *
     * @param ranges usable IOVAs, ascending
     * @param alignment of IOVAs and lengths
     */
    public record Usable(List<IovaRange> ranges, long alignment) {}

    /** A new one, with nothing mapped; ENOMEM. */
    public Result<Integer> allocate() {
        return iommufd.allocate("an IOAS")
                .then(done -> Result.ok(iommufd.add(new Ioas()).id()));
    }

    /** What IOVAs can be used. */
    public Result<Usable> usable(int ioas) {
        return find(ioas).then(i -> Result.ok(new Usable(i.window().usable(), i.alignment())));
    }

    /**
     * Lets some IOVAs never be taken away, and nothing be placed elsewhere automatically.
     *
     * @return EINVAL for a range whose end is not behind its start, or that overlaps another one; EADDRINUSE if some cannot be used; ENOMEM
     */
    public Result<Done> allow(int ioas, List<IovaRange> ranges) {
        Result<Ioas> found = find(ioas);
        if (!found.isOk()) {
            return found.fail();
        }
        for (int i = 0; i < ranges.size(); i++) {
            IovaRange range = ranges.get(i);
            if (Long.compareUnsigned(range.start(), range.last()) >= 0
                    || ranges.subList(0, i).stream().anyMatch(range::overlaps)) {
                return Result.err(Errno.EINVAL, "range " + range);
            }
            Result<Done> kept = iommufd.allocate("a range");
            if (!kept.isOk()) {
                return kept;
            }
        }
        return found.value().window().allow(ranges);
    }

    /**
     * Maps memory of a process, which is pinned once there are tables.
     *
     * @param space whose, or null for nobody's
     * @param iova where, or null for the lowest place that there is
     * @param permissions READ, WRITE of {@link IommuDriver}, at least one of them
     * @return where; EOVERFLOW, EINVAL for lengths and IOVAs that are not aligned, or reserved, EEXIST, ENOSPC, EFAULT, ENOMEM
     */
    public Result<Long> map(
            int ioas, @Nullable AddressSpace space, long address, long length, @Nullable Long iova, int permissions) {
        return map(ioas, space, null, address, length, iova, permissions);
    }

    /**
     * Maps memory of a file, as {@link #map(int, AddressSpace, long, long, Long, int)} does of a process.
     *
     * @param space at whose expense it is pinned
     * @param start offset in the file
     */
    public Result<Long> mapFile(
            int ioas,
            AddressSpace space,
            MemoryFile file,
            long start,
            long length,
            @Nullable Long iova,
            int permissions) {
        return map(ioas, space, file, start, length, iova, permissions);
    }

    private Result<Long> map(
            int ioas,
            @Nullable AddressSpace space,
            @Nullable MemoryFile file,
            long address,
            long length,
            @Nullable Long iova,
            int permissions) {
        if (isEverything(length) || iova != null && isEverything(iova)) {
            return Result.err(Errno.EOVERFLOW, "IOVAs");
        }
        if (permissions == 0) {
            return Result.err(Errno.EINVAL, "no permissions");
        }
        return find(ioas).then(i -> {
            if (length == 0 || Long.compareUnsigned(length, -UserPages.PAGE) >= 0) {
                return Result.err(Errno.EINVAL, "length");
            }
            if (space == null) {
                return Result.err(Errno.EFAULT, "a thread of the kernel has no memory");
            }
            boolean writable = (permissions & IommuDriver.WRITE) != 0;
            UserPages pages = new UserPages(space, file, address, length, writable);
            Area whole = new Area(
                    new IovaRange(0, length - 1), pages, address & UserPages.PAGE - 1, permissions, i.hugePages());
            return map(i, List.of(whole), length, iova, permissions);
        });
    }

    private static boolean isEverything(long value) {
        return value == -1;
    }

    /**
     * Maps again, in the same address space or another one, what is mapped.
     *
     * @param source where it is mapped; all of it has to be, by areas or parts of areas
     * @param iova where to, or null for the lowest place that there is
     * @return where; ENOENT if it is not mapped, EPERM for writing to what was not mapped so, else as {@link #map(int, AddressSpace, long,
     *     long, Long, int)}
     */
    public Result<Long> copy(int to, int from, long source, long length, @Nullable Long iova, int permissions) {
        if (isEverything(length) || iova != null && isEverything(iova)) {
            return Result.err(Errno.EOVERFLOW, "IOVAs");
        }
        if (permissions == 0) {
            return Result.err(Errno.EINVAL, "no permissions");
        }
        return find(from).then(f -> {
            if (length == 0) {
                return Result.err(Errno.EINVAL, "length");
            }
            if (Long.compareUnsigned(source + length - 1, source) < 0) {
                return Result.err(Errno.EOVERFLOW, "end of a range of IOVAs");
            }
            return f.pieces(new IovaRange(source, source + length - 1))
                    .then(pieces -> find(to).then(t -> map(t, pieces, length, iova, permissions)));
        });
    }

    private Result<Long> map(Ioas ioas, List<Area> pieces, long length, @Nullable Long iova, int permissions) {
        if ((length & ioas.alignment() - 1) != 0) {
            return Result.err(Errno.EINVAL, "a length that is no pages");
        }
        Area first = pieces.get(0);
        Result<Long> place = iova == null
                ? ioas.place(first.pages().address(first.offset()), length)
                : ioas.check(iova, length).then(done -> Result.ok(iova));
        if (!place.isOk()) {
            return place;
        }
        List<IovaRange> done = new ArrayList<>();
        long at = place.value();
        for (Area piece : pieces) {
            IovaRange range = new IovaRange(at, at + piece.length() - 1);
            Area area = new Area(range, piece.pages(), piece.offset(), permissions, ioas.hugePages());
            Result<Done> added = iommufd.allocate("an area").then(yes -> ioas.add(area));
            if (!added.isOk()) {
                done.forEach(ioas::unmap);
                return added.fail();
            }
            done.add(range);
            at += piece.length();
        }
        return place;
    }

    /**
     * Unmaps all that is in a range; (0, all ones) is everything, be it nothing. Unlike the kernel, which keeps what it did before it meets an
     * error, it does all or nothing.
     *
     * @return how many bytes; EINVAL for no length, EOVERFLOW, ENOENT if nothing is mapped there, or what is reaches out of it
     */
    public Result<Long> unmap(int ioas, long iova, long length) {
        return find(ioas).then(i -> {
            if (iova == 0 && isEverything(length)) {
                return i.unmap(IovaRange.ALL);
            }
            if (isEverything(iova) || isEverything(length)) {
                return Result.err(Errno.EOVERFLOW, "IOVAs");
            }
            if (length == 0) {
                return Result.err(Errno.EINVAL, "length");
            }
            if (Long.compareUnsigned(iova + length - 1, iova) < 0) {
                return Result.err(Errno.EOVERFLOW, "end of a range of IOVAs");
            }
            return i.unmap(new IovaRange(iova, iova + length - 1));
        });
    }

    /** Whether pages that are one behind the other are mapped as larger ones. */
    public Result<Boolean> hugePages(int ioas) {
        return find(ioas).then(i -> Result.ok(i.hugePages()));
    }

    /** Says whether they are: 0 or 1; EINVAL for other values, or to say no once there are tables. */
    public Result<Done> hugePages(int ioas, long value) {
        return find(ioas).then(i -> i.hugePages(value));
    }

    private Result<Ioas> find(int id) {
        return iommufd.objects().find(id, Ioas.class);
    }
}
