// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.agrona.collections.Long2LongHashMap;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.collections.LongHashSet;
import org.iommuemu.host.Domain;
import org.iommuemu.host.FlushQueueParameters;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.trace.DmaRecord;
import org.jspecify.annotations.Nullable;

/**
 * Unmapping whose invalidation is deferred, as with {@code iommu.strict=0}. Linux gives no address out that is still queued. Where the
 * trace does, since it was recorded or made otherwise, the pages get another address, and so do the accesses to them until they are
 * mapped again.
 */
final class LazyUnmaps {
    /** Linux' default CONFIG_HZ. */
    private static final int TICKS = 250;

    private static final FlushQueueParameters QUEUE = FlushQueueParameters.linux(TICKS);
    private static final int PAGE_SHIFT = 12;
    private static final long PAGE = 1L << PAGE_SHIFT;
    private static final int PASID_BITS = 21;
    private static final long ITSELF = -1;
    private static final long NOBODY = -1;
    /** Other addresses are given out from here on, 64 TiB. */
    private static final long OTHERS = 1L << 46;

    /** What pages with other addresses are told apart by. */
    private record Size(long bytes, int pageShift) {}

    /**
     * Another address that can be given out again once it is not queued.
     *
     * @param was the trace's address that had it
     */
    private record Freed(long at, long was) {}

    private static final class Space {
        /** Pages with another address, by number. */
        private final Long2LongHashMap others = new Long2LongHashMap(ITSELF);
        /** Pages that were mapped, and are not. */
        private final LongHashSet unmapped = new LongHashSet();

        private final Map<Size, Deque<Freed>> free = new HashMap<>();
        private long next = OTHERS;

        private long address(long iova) {
            long other = others.isEmpty() ? ITSELF : others.get(iova >>> PAGE_SHIFT);
            return other == ITSELF ? iova : other << PAGE_SHIFT | iova & PAGE - 1;
        }

        private boolean isUnmapped(long iova) {
            return unmapped.contains(iova >>> PAGE_SHIFT);
        }

        private long take(Domain domain, Size size) {
            Deque<Freed> given = free.get(size);
            Freed oldest = given == null ? null : given.peekFirst();
            if (given != null && oldest != null && !domain.isQueued(oldest.at, size.bytes)) {
                given.removeFirst();
                forget(oldest, size.bytes);
                return oldest.at;
            }
            long page = 1L << size.pageShift;
            long at = next + page - 1 & -page;
            next = at + size.bytes;
            return at;
        }

        /** Whoever had an address before does not lead there any more. */
        private void forget(Freed freed, long bytes) {
            for (long done = 0; done < bytes; done += PAGE) {
                long was = freed.was + done >>> PAGE_SHIFT;
                if (others.get(was) == freed.at + done >>> PAGE_SHIFT) {
                    others.remove(was);
                }
            }
        }

        private void place(long iova, long bytes, long at) {
            for (long done = 0; done < bytes; done += PAGE) {
                long page = iova + done >>> PAGE_SHIFT;
                unmapped.remove(page);
                if (at != iova) {
                    others.put(page, at + done >>> PAGE_SHIFT);
                } else if (!others.isEmpty()) {
                    others.remove(page);
                }
            }
        }

        private void unplace(long iova, long bytes, long at, int pageShift) {
            if (at != iova) {
                free.computeIfAbsent(new Size(bytes, pageShift), s -> new ArrayDeque<>())
                        .addLast(new Freed(at, iova));
            }
            for (long done = 0; done < bytes; done += PAGE) {
                unmapped.add(iova + done >>> PAGE_SHIFT);
            }
        }

        /** How much of a range lies in one piece, in steps of pages. */
        private long piece(long from, long end, long page) {
            long at = address(from);
            long bytes = page;
            while (Long.compareUnsigned(from + bytes, end) < 0
                    && address(from + bytes) == at + bytes
                    && isUnmapped(from + bytes) == isUnmapped(from)) {
                bytes += page;
            }
            return bytes;
        }
    }

    private final IommuDriver driver;
    private final Long2ObjectHashMap<Space> spaces = new Long2ObjectHashMap<>();
    private long lastKey = NOBODY;
    private @Nullable Space last;
    private long stale;
    private long moved;

    LazyUnmaps(IommuDriver driver) {
        this.driver = driver;
    }

    private Space space(int stream, int pasid) {
        long key = Integer.toUnsignedLong(stream) << PASID_BITS | pasid + 1;
        Space space = last;
        if (space == null || key != lastKey) {
            space = spaces.computeIfAbsent(key, k -> new Space());
            last = space;
            lastKey = key;
        }
        return space;
    }

    /** Where what the trace has at an address is. */
    long address(int stream, int pasid, long iova) {
        return space(stream, pasid).address(iova);
    }

    /** An access to an address of the trace got through. */
    void passed(int stream, int pasid, long iova) {
        if (space(stream, pasid).isUnmapped(iova)) {
            stale++;
        }
    }

    void map(DmaRecord r) {
        Space space = space(r.stream(), r.pasid());
        long length = r.length();
        Domain domain = driver.attached(r.stream(), r.pasid());
        boolean elsewhere = domain != null && domain.isQueued(r.iova(), length);
        long at = elsewhere ? space.take(Objects.requireNonNull(domain), new Size(length, r.pageShift())) : r.iova();
        driver.map(r.stream(), r.pasid(), at, r.address(), length, r.pageShift(), r.attributes());
        if (domain == null) {
            driver.defer(Objects.requireNonNull(driver.attached(r.stream(), r.pasid())), QUEUE);
        }
        moved += elsewhere ? 1 : 0;
        space.place(r.iova(), length, at);
    }

    /** Unmaps what is mapped, each piece by itself. */
    void unmap(DmaRecord r) {
        Space space = space(r.stream(), r.pasid());
        long end = r.iova() + r.length();
        long from = r.iova();
        while (from != end) {
            long bytes = space.piece(from, end, 1L << r.pageShift());
            if (!space.isUnmapped(from)) {
                long at = space.address(from);
                driver.unmap(r.stream(), r.pasid(), at, bytes, r.pageShift());
                space.unplace(from, bytes, at, r.pageShift());
            }
            from += bytes;
        }
    }

    void invalidate(DmaRecord r) {
        if (r.length() == 0) {
            driver.invalidate(r.stream(), r.pasid(), r.iova(), 0);
            return;
        }
        Space space = space(r.stream(), r.pasid());
        long last = r.iova() + r.length() - 1 & -PAGE;
        long from = r.iova() & -PAGE;
        while (from - last <= 0) {
            long bytes = space.piece(from, last + PAGE, PAGE);
            driver.invalidate(r.stream(), r.pasid(), space.address(from), bytes);
            from += bytes;
        }
    }

    /** Accesses that got through by what was unmapped before. */
    long stale() {
        return stale;
    }

    /** How often pages got another address than the trace has. */
    long moved() {
        return moved;
    }
}
