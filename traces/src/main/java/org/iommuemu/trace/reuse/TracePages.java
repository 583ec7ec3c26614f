// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.reuse;

import java.util.Arrays;
import org.agrona.collections.Long2ObjectHashMap;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;
import org.jspecify.annotations.Nullable;

/**
 * Which pages the records of a trace touch, as an IOTLB has them: a page is one of an address space - a stream, or a stream's PASID - and
 * has the size with which it is mapped. A DMA is a lookup for each 4 KiB that it touches, an ATS request is one. Where a space has no
 * mapping in the whole trace so far, pages of 4 KiB are taken for mapped. Pages are numbered from 0 on.
 *
 * <p>A write needs {@code w}, an atomic {@code w}, an instruction fetch {@code x}, and an access without {@code p} a page without it; reads
 * are never refused of a page that is mapped, as behind a first stage.
 *
 * <p>Memory is proportional to pages mapped or accessed, 50 bytes each about.
 */
public final class TracePages {
    /** log2 of the smallest page's size. */
    public static final int LEAST_SHIFT = DmaRecord.LEAST_SHIFT;

    private static final long LEAST = 1L << LEAST_SHIFT;
    private static final byte MAPPED = (byte) 0x80;
    private static final int NONE = PageIds.NONE;

    private static final class Space {
        private final int number;
        private final int[] mapped = new int[Long.SIZE];
        /** log2 of the sizes of what is mapped, as bits. */
        private long shifts;

        /** Likewise, of what has ever been looked up. */
        private long lookedUp;

        private boolean everMapped;

        private Space(int number) {
            this.number = number;
        }
    }

    private final PageListener listener;
    private final Long2ObjectHashMap<Space> spaces = new Long2ObjectHashMap<>();
    private final PageIds ids = new PageIds();
    private final PageLists lookedUp = new PageLists();
    /** By page: its attributes and {@link #MAPPED}, or 0. */
    private byte[] mappings = new byte[0];

    private @Nullable Space last;
    private long lastKey;

    /** Tells somebody. */
    public TracePages(PageListener listener) {
        this.listener = listener;
    }

    /** How many pages have been mapped or accessed. */
    public int size() {
        return ids.size();
    }

    /** How many streams and PASIDs the records have named. */
    public int spaces() {
        return spaces.size();
    }

    /** log2 of a page's size. */
    public int shift(int page) {
        return (int) (ids.page(page) & LEAST - 1);
    }

    /** The number of a page's address space, from 0 on. */
    public int space(int page) {
        return ids.space(page);
    }

    /** Takes the next record. */
    public void add(DmaRecord r) {
        Space space = space(r);
        switch (r.kind()) {
            case READ_DMA, WRITE_DMA, ATOMIC_DMA -> access(space, r);
            case ATS_REQUEST -> lookUp(space, r.iova(), 0, 0);
            case MAP -> map(space, r);
            case UNMAP -> unmap(space, r);
            case INVALIDATE -> invalidate(space, r.iova(), r.length());
            case PAGE_REQUEST -> {}
        }
    }

    private Space space(DmaRecord r) {
        long key = (long) r.stream() << Integer.SIZE | Integer.toUnsignedLong(r.pasid());
        Space known = last;
        if (known != null && key == lastKey) {
            return known;
        }
        Space found = spaces.get(key);
        if (found == null) {
            found = new Space(spaces.size());
            spaces.put(key, found);
        }
        last = found;
        lastKey = key;
        return found;
    }

    private void access(Space space, DmaRecord r) {
        int need = r.kind() == TraceKind.READ_DMA ? r.attributes() & DmaRecord.EXECUTE : DmaRecord.WRITE;
        int banned = ~r.attributes() & DmaRecord.PRIVILEGED;
        long end = r.iova() + Math.max(1, r.length()) - 1 >>> LEAST_SHIFT;
        for (long page = r.iova() >>> LEAST_SHIFT; page <= end; page++) {
            lookUp(space, page << LEAST_SHIFT, need, banned);
        }
    }

    private void lookUp(Space space, long iova, int need, int banned) {
        int page = find(space, iova);
        if (page == NONE || space.everMapped && (mappings[page] & (need | banned)) != need) {
            listener.refused();
            return;
        }
        space.lookedUp |= 1L << shift(page);
        lookedUp.add(space.number, page);
        listener.accessed(page);
    }

    /** The page of an address, by the mappings in force. */
    private int find(Space space, long iova) {
        if (!space.everMapped) {
            return ids.findOrAdd(space.number, iova & -LEAST | LEAST_SHIFT);
        }
        for (long left = space.shifts; left != 0; left &= left - 1) {
            int shift = Long.numberOfTrailingZeros(left);
            int page = ids.find(space.number, iova & -1L << shift | shift);
            if (page != NONE && isMapped(page)) {
                return page;
            }
        }
        return NONE;
    }

    private boolean isMapped(int page) {
        return page < mappings.length && mappings[page] < 0;
    }

    private void map(Space space, DmaRecord r) {
        if (!space.everMapped) {
            forgetAssumed(space);
        }
        int shift = r.pageShift();
        long size = 1L << shift;
        for (long done = 0; done < r.length(); done += size) {
            int page = ids.findOrAdd(space.number, r.iova() + done | shift);
            if (page >= mappings.length) {
                mappings = Arrays.copyOf(mappings, Math.max(page + 1, 2 * mappings.length));
            }
            boolean isNew = !isMapped(page);
            mappings[page] = (byte) (MAPPED | r.attributes());
            if (isNew) {
                space.mapped[shift]++;
                space.shifts |= size;
                listener.mapped(page);
            }
        }
    }

    /** Until now all was taken for mapped. */
    private void forgetAssumed(Space space) {
        invalidate(space, 0, 0);
        space.everMapped = true;
    }

    private void unmap(Space space, DmaRecord r) {
        int shift = r.pageShift();
        long size = 1L << shift;
        for (long done = 0; done < r.length(); done += size) {
            int page = ids.find(space.number, r.iova() + done | shift);
            if (page != NONE && isMapped(page)) {
                mappings[page] = 0;
                if (--space.mapped[shift] == 0) {
                    space.shifts &= ~size;
                }
                listener.unmapped(page);
            }
        }
        invalidate(space, r.iova(), r.length());
    }

    /** Invalidates what overlaps a range, or all of a space if its length is 0. */
    private void invalidate(Space space, long first, long length) {
        if (length != 0 && length >>> LEAST_SHIFT < lookedUp.size(space.number)) {
            invalidateByLookup(space, first, first + length - 1);
            return;
        }
        int page = lookedUp.first(space.number);
        while (page != PageLists.END) {
            int next = lookedUp.next(page);
            if (length == 0 || overlaps(page, first, first + length - 1)) {
                drop(page);
            }
            page = next;
        }
    }

    private void invalidateByLookup(Space space, long first, long end) {
        for (long left = space.lookedUp; left != 0; left &= left - 1) {
            int shift = Long.numberOfTrailingZeros(left);
            for (long number = first >>> shift; number <= end >>> shift; number++) {
                int page = ids.find(space.number, number << shift | shift);
                if (page != NONE) {
                    drop(page);
                }
            }
        }
    }

    private boolean overlaps(int page, long first, long end) {
        long start = ids.page(page) & -LEAST;
        long last = start + (1L << shift(page)) - 1;
        return Long.compareUnsigned(start, end) <= 0 && Long.compareUnsigned(last, first) >= 0;
    }

    private void drop(int page) {
        lookedUp.remove(ids.space(page), page);
        listener.invalidated(page);
    }
}
