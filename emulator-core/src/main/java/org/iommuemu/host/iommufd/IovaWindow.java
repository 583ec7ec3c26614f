// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.jspecify.annotations.Nullable;

/** Which IOVAs an address space may use: all but those that devices or tables cannot have; and where it places what the caller does not. */
final class IovaWindow {
    private static final long PAGE = 1L << 12;
    /** What is placed automatically leaves out the first page and the last. */
    private static final IovaRange ANYWHERE = new IovaRange(PAGE, -1 - PAGE);

    /** Addresses that somebody cannot have. */
    private record Reserved(IovaRange range, Object owner) {}

    private final List<Reserved> reserved = new ArrayList<>();
    private List<IovaRange> allowed = List.of();

    /**
     * Takes addresses away.
     *
     * @param mapped finds what is mapped in a range
     * @return EADDRINUSE if something is mapped there, or was to be allowed always
     */
    Result<Done> reserve(IovaRange range, Object owner, Function<IovaRange, @Nullable IovaRange> mapped) {
        if (mapped.apply(range) != null || allowed.stream().anyMatch(range::overlaps)) {
            return Result.err(Errno.EADDRINUSE, "reserving " + range);
        }
        reserved.add(new Reserved(range, owner));
        return Result.done();
    }

    /** Gives back what was taken for somebody, once. */
    void release(Object owner) {
        reserved.removeIf(r -> r.owner == owner);
    }

    /**
     * Lets some never be taken away.
     *
     * @return EADDRINUSE if some of them are already
     */
    Result<Done> allow(List<IovaRange> ranges) {
        for (IovaRange range : ranges) {
            if (firstReserved(range) != null) {
                return Result.err(Errno.EADDRINUSE, "allowing " + range);
            }
        }
        allowed = List.copyOf(ranges);
        return Result.done();
    }

    /** A part of a range that is reserved, or null. */
    @Nullable
    IovaRange firstReserved(IovaRange range) {
        return reserved.stream()
                .map(Reserved::range)
                .filter(range::overlaps)
                .min(Comparator.comparing(IovaRange::start, Long::compareUnsigned))
                .orElse(null);
    }

    /** Those that may be used, ascending. */
    List<IovaRange> usable() {
        List<IovaRange> found = new ArrayList<>();
        long at = 0;
        for (IovaRange taken = firstReserved(IovaRange.ALL);
                taken != null;
                taken = at == 0 ? null : firstReserved(new IovaRange(at, -1))) {
            if (Long.compareUnsigned(at, taken.start()) < 0) {
                found.add(new IovaRange(at, taken.start() - 1));
            }
            at = Long.compareUnsigned(at, taken.last()) > 0 ? at : taken.last() + 1;
            if (at == 0) {
                return found;
            }
        }
        found.add(new IovaRange(at, -1));
        return found;
    }

    /**
     * The lowest place that is free.
     *
     * @param alignment a power of two
     * @param pageOffset where in a page it is to begin; 0 unless the alignment is smaller than a page
     * @param mapped finds what is mapped in a range
     * @return ENOSPC if there is none
     */
    Result<Long> place(long length, long alignment, long pageOffset, Function<IovaRange, @Nullable IovaRange> mapped) {
        List<IovaRange> spans = new ArrayList<>(allowed.isEmpty() ? List.of(ANYWHERE) : allowed);
        spans.sort(Comparator.comparing(IovaRange::start, Long::compareUnsigned));
        for (IovaRange span : spans) {
            long at = span.start();
            while (true) {
                long start = align(at, Math.max(alignment, PAGE), pageOffset);
                long last = start + length - 1;
                boolean wraps = Long.compareUnsigned(start, at) < 0 || Long.compareUnsigned(last, start) < 0;
                if (wraps || Long.compareUnsigned(last, span.last()) > 0) {
                    break;
                }
                IovaRange wanted = new IovaRange(start, last);
                IovaRange taken = firstReserved(wanted);
                if (taken == null) {
                    taken = mapped.apply(wanted);
                }
                if (taken == null) {
                    return Result.ok(start);
                }
                at = taken.last() + 1;
                if (at == 0) {
                    break;
                }
            }
        }
        return Result.err(Errno.ENOSPC, "0x" + Long.toHexString(length) + " bytes of IOVAs");
    }

    /** The next address that is so many bytes behind a multiple of the alignment. */
    private static long align(long at, long alignment, long offset) {
        long start = (at & -alignment) + offset;
        return Long.compareUnsigned(start, at) < 0 ? start + alignment : start;
    }
}
