// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.jspecify.annotations.Nullable;

/** An I/O address space: what is mapped where, the same in each of its tables. */
final class Ioas extends IommufdObject {
    private static final long LARGE_PAGE = 1L << 21;

    private final TreeMap<Long, Area> areas = new TreeMap<>(Long::compareUnsigned);
    private final IovaWindow window = new IovaWindow();
    private final List<PagingHwpt> tables = new ArrayList<>();
    private boolean hugePages = true;

    /** Its tables, in the order in which they were made. */
    List<PagingHwpt> tables() {
        return Collections.unmodifiableList(tables);
    }

    IovaWindow window() {
        return window;
    }

    /** What IOVAs have to be a multiple of: of pages, once there are tables, or pages may not be joined. */
    long alignment() {
        return tables.isEmpty() && hugePages ? 1 : UserPages.PAGE;
    }

    boolean hugePages() {
        return hugePages;
    }

    /**
     * EINVAL for a value that is not 0 or 1, or if there are tables already that pages may be joined in; EADDRINUSE for areas that are no
     * pages.
     */
    Result<Done> hugePages(long value) {
        if (value == 0 && hugePages) {
            if (!tables.isEmpty()) {
                return Result.err(Errno.EINVAL, "large pages of an IOAS with tables");
            }
            if (!areAligned()) {
                return Result.err(Errno.EADDRINUSE, "an area that does not begin or end with a page");
            }
        } else if (value != 0 && value != 1) {
            return Result.err(Errno.EINVAL, "large pages: " + value);
        }
        hugePages = value == 1;
        return Result.done();
    }

    private boolean areAligned() {
        return areas.values().stream().allMatch(a -> a.isAligned(UserPages.PAGE));
    }

    /** The pages of its areas, each as often as areas have some of it. */
    List<UserPages> pages() {
        return areas.values().stream().map(Area::pages).toList();
    }

    /** The range of the first area in a range, or null. */
    @Nullable
    IovaRange mapped(IovaRange range) {
        Area found = firstIn(range);
        return found == null ? null : found.range();
    }

    private @Nullable Area firstIn(IovaRange range) {
        Map.Entry<Long, Area> below = areas.floorEntry(range.start());
        if (below != null && below.getValue().range().overlaps(range)) {
            return below.getValue();
        }
        Map.Entry<Long, Area> above = areas.ceilingEntry(range.start());
        return above != null && above.getValue().range().overlaps(range) ? above.getValue() : null;
    }

    /**
     * Finds a place.
     *
     * @param address in the process, or of the pages
     * @return EINVAL if the address cannot be placed at pages' starts, EOVERFLOW for half of all there is, ENOSPC
     */
    Result<Long> place(long address, long length) {
        if (length == 0 || Long.compareUnsigned(length, Long.MAX_VALUE) >= 0) {
            return Result.err(Errno.EOVERFLOW, "length of what is to be placed");
        }
        long rounded = length == 1 ? 1 : Long.highestOneBit(length - 1) << 1;
        long alignment = address == 0 ? rounded : Math.min(rounded, Long.lowestOneBit(address) & Long.MAX_VALUE);
        alignment = Math.min(alignment <= 0 ? rounded : alignment, hugePages ? LARGE_PAGE : UserPages.PAGE);
        if (alignment < alignment()) {
            return Result.err(Errno.EINVAL, "an address in a page");
        }
        return window.place(length, alignment, address & UserPages.PAGE - 1, this::mapped);
    }

    /** EINVAL for what is not aligned, or reserved; EOVERFLOW; EEXIST for what is mapped. */
    Result<Done> check(long iova, long length) {
        if ((iova & alignment() - 1) != 0) {
            return Result.err(Errno.EINVAL, "IOVA in a page");
        }
        long last = iova + length - 1;
        if (Long.compareUnsigned(last, iova) < 0) {
            return Result.err(Errno.EOVERFLOW, "end of a range of IOVAs");
        }
        IovaRange range = new IovaRange(iova, last);
        if (window.firstReserved(range) != null) {
            return Result.err(Errno.EINVAL, range + " is reserved");
        }
        return mapped(range) == null ? Result.done() : Result.err(Errno.EEXIST, range + " is mapped");
    }

    /**
     * Adds an area, in all tables.
     *
     * @return EPERM for writing to pages that were not mapped so, EINVAL for what begins in a page, EFAULT, ENOMEM; nothing is changed then
     */
    Result<Done> add(Area area) {
        boolean write = (area.permissions() & IommuDriver.WRITE) != 0;
        if (write && !area.pages().isWritable()) {
            return Result.err(Errno.EPERM, "pages that may only be read");
        }
        if ((area.offset() & UserPages.PAGE - 1 & alignment() - 1) != 0) {
            return Result.err(Errno.EINVAL, "an address in a page");
        }
        for (int i = 0; i < tables.size(); i++) {
            Result<Done> mapped = tables.get(i).map(area);
            if (!mapped.isOk()) {
                while (--i >= 0) {
                    tables.get(i).unmap(area);
                }
                return mapped;
            }
        }
        area.pages().get();
        areas.put(area.range().start(), area);
        return Result.done();
    }

    /**
     * The areas that a range is made of, in pieces.
     *
     * @return ENOENT if not all of it is mapped
     */
    Result<List<Area>> pieces(IovaRange range) {
        List<Area> found = new ArrayList<>();
        long at = range.start();
        while (true) {
            Area area = firstIn(new IovaRange(at, at));
            if (area == null) {
                return Result.err(Errno.ENOENT, String.format("0x%x is not mapped", at));
            }
            boolean isEnd = Long.compareUnsigned(area.range().last(), range.last()) >= 0;
            IovaRange piece =
                    new IovaRange(at, isEnd ? range.last() : area.range().last());
            found.add(new Area(
                    piece, area.pages(), area.offset() + at - area.range().start(), area.permissions(), area.large()));
            if (isEnd) {
                return Result.ok(found);
            }
            at = piece.last() + 1;
        }
    }

    /**
     * Unmaps all areas in a range.
     *
     * @return how many bytes; ENOENT if there is none, or one of them reaches out of the range, and nothing is changed
     */
    Result<Long> unmap(IovaRange range) {
        List<Area> found = new ArrayList<>();
        for (Area a : areas.values()) {
            if (a.range().overlaps(range)) {
                if (!range.contains(a.range())) {
                    return Result.err(Errno.ENOENT, a.range() + " is not all in " + range);
                }
                found.add(a);
            }
        }
        if (found.isEmpty() && !range.equals(IovaRange.ALL)) {
            return Result.err(Errno.ENOENT, "nothing is mapped in " + range);
        }
        long bytes = 0;
        for (Area a : found) {
            remove(a);
            bytes += a.length();
        }
        return Result.ok(bytes);
    }

    private void remove(Area area) {
        tables.forEach(t -> t.unmap(area));
        areas.remove(area.range().start());
        area.pages().put();
    }

    /** EADDRINUSE if the table cannot have all that is mapped; EFAULT, ENOMEM; nothing is changed then. */
    Result<Done> addTable(PagingHwpt table) {
        if (!areAligned()) {
            return Result.err(Errno.EADDRINUSE, "an area that does not begin or end with a page");
        }
        Result<Done> narrowed = table.narrow(window, this::mapped);
        if (!narrowed.isOk()) {
            return narrowed;
        }
        List<Area> done = new ArrayList<>();
        for (Area area : areas.values()) {
            Result<Done> mapped = table.map(area);
            if (!mapped.isOk()) {
                Collections.reverse(done);
                done.forEach(table::unmap);
                window.release(table);
                return mapped;
            }
            done.add(area);
        }
        tables.add(table);
        return Result.done();
    }

    /** A table goes, which is attached to nothing. */
    void removeTable(PagingHwpt table) {
        areas.values().forEach(table::unmap);
        tables.remove(table);
        window.release(table);
    }

    @Override
    void destroyed() {
        unmap(IovaRange.ALL);
    }
}
