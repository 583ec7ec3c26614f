// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.Arrays;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.VtdSecondStage;
import org.iommuemu.paging.build.PageAllocator;

/**
 * Writes the leaf entry that a trace record carries into the slot that a walk for it reaches, just before the record. Tables that
 * are missing on the way are made, on pages above all that the capture has.
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
            int leafShift = Long.SIZE - Long.numberOfLeadingZeros(r.detail("page_mask"));
            long slot = slot(r.iova(), (leafShift - PAGE_SHIFT) / INDEX_BITS);
            if (memory.readLong(slot) != r.descriptor()) {
                memory.writeLong(slot, r.descriptor());
                written++;
            }
        }
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
            // Both stages have a table's address, the page size bit and what makes an entry present in the same place.
            boolean there = (entry & SECOND_STAGE_TABLE) != 0 && !VtdSecondStage.PS.isSet(entry);
            if (!there) {
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
