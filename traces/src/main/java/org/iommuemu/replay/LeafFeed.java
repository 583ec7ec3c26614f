// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.VtdSecondStage;
import org.iommuemu.paging.build.PageAllocator;

/**
 * Writes the leaf entry that a trace record carries into the slot that a walk for it reaches, just before the record. Tables that
 * are missing on the way are made, on pages above all that the capture has. Leaves that lie in a range of pages which the driver
 * is about to invalidate it has unmapped; of one that it has not, the next record that uses it brings it back.
 */
final class LeafFeed implements TableFeed {
    private static final int PAGE_SHIFT = 12;
    private static final int INDEX_BITS = 9;
    private static final long SPACING = 1L << 30;
    private static final long SECOND_STAGE_TABLE = VtdSecondStage.R.mask() | VtdSecondStage.W.mask();
    private static final long FIRST_STAGE_TABLE =
            VtdFirstStage.P.mask() | VtdFirstStage.RW.mask() | VtdFirstStage.US.mask() | VtdFirstStage.A.mask();

    private final VtdTables tables;
    private final PhysicalMemory memory;
    private final PageAllocator pages;
    /** A requester of each domain. */
    private final Map<Integer, Integer> requesters = new HashMap<>();

    private long written;

    /**
     * A feed.
     *
     * @param used addresses of the pages that the capture has
     */
    LeafFeed(VtdTables tables, PhysicalMemory memory, long[] used) {
        this.tables = tables;
        this.memory = memory;
        long last = Arrays.stream(used).max().orElse(0);
        pages = new PageAllocator((last & -SPACING) + SPACING);
    }

    @Override
    public void writeBefore(TraceRecord r) {
        if (r.kind() == TraceRecord.Kind.DMA && r.hasDescriptor() && tables.find(r.sid())) {
            requesters.put(r.asid(), r.sid());
            long slot = slot(r.iova(), height(r));
            if (memory.readLong(slot) != r.descriptor()) {
                memory.writeLong(slot, r.descriptor());
                written++;
            }
        } else if (r.kind() == TraceRecord.Kind.INVALIDATE && r.length() > 0) {
            Integer sid = requesters.get(r.asid());
            if (sid != null && tables.find(sid)) {
                unmap(tables.base(), tables.levels() - 1, 0, r.iova() & -r.length(), r.length());
            }
        }
    }

    private int height(TraceRecord r) {
        long mask = r.detail("page_mask");
        for (int h = 0; h < tables.levels(); h++) {
            if (mask == (1L << PAGE_SHIFT + INDEX_BITS * h) - 1) {
                return h;
            }
        }
        throw r.wrong("a page_mask of 0xfff, 0x1fffff or 0x3fffffff");
    }

    /** Clears the leaves that lie wholly in a range, below a table whose first entry is for {@code start}. */
    private void unmap(long table, int height, long start, long iova, long bytes) {
        long span = 1L << PAGE_SHIFT + INDEX_BITS * height;
        int first = (int) Math.max(0, (iova - start) / span);
        for (int i = first; i < 1 << INDEX_BITS && start + i * span < iova + bytes; i++) {
            long at = table + (long) i * Long.BYTES;
            long from = start + i * span;
            long entry = memory.readLong(at);
            if (isTable(entry, height)) {
                unmap(VtdSecondStage.TABLE_ADDRESS.inPlace(entry), height - 1, from, iova, bytes);
            } else if (isPresent(entry) && from >= iova && from + span <= iova + bytes) {
                memory.writeLong(at, 0);
                written++;
            }
        }
    }

    /** Both stages have a table's address, the page size bit and what makes an entry present in the same place. */
    private static boolean isPresent(long entry) {
        return (entry & SECOND_STAGE_TABLE) != 0;
    }

    private static boolean isTable(long entry, int height) {
        return height > 0 && isPresent(entry) && !VtdSecondStage.PS.isSet(entry);
    }

    /** Where the entry of a height for an address is, 0 for a page. */
    private long slot(long iova, int leafHeight) {
        long table = tables.base();
        for (int h = tables.levels() - 1; ; h--) {
            long index = iova >>> PAGE_SHIFT + INDEX_BITS * h & (1 << INDEX_BITS) - 1;
            long at = table + index * Long.BYTES;
            if (h <= leafHeight) {
                return at;
            }
            long entry = memory.readLong(at);
            if (!isTable(entry, h)) {
                entry = pages.allocate(PhysicalMemory.PAGE_BYTES, PhysicalMemory.PAGE_BYTES)
                        | (tables.isFirstStage() ? FIRST_STAGE_TABLE : SECOND_STAGE_TABLE);
                memory.writeLong(at, entry);
                written++;
            }
            table = VtdSecondStage.TABLE_ADDRESS.inPlace(entry);
        }
    }

    @Override
    public long written() {
        return written;
    }

    @Override
    public void close() {}
}
