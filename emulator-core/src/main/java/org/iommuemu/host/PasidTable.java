// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.spec.PasidDirectoryEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;

/** A device's PASID directory and the tables behind it (VT-d architecture 3.4.3). */
final class PasidTable {
    private static final int TABLE_BITS = 6;
    /** A directory of PDTS 0 has 2^7 entries. */
    private static final int SMALLEST_BITS = 7;

    /** One page, of 2^9 entries, which is what Linux takes at least. */
    private static final int LEAST_SIZE = 2;

    private static final long PAGE = 1L << 12;

    private final PhysicalMemory memory;
    private final PageAllocator pages;
    private final int size;
    private final long directory;

    /**
     * An empty directory.
     *
     * @param pasidBits width of the PASIDs that there can be
     */
    PasidTable(PhysicalMemory memory, PageAllocator pages, int pasidBits) {
        this.memory = memory;
        this.pages = pages;
        size = Math.max(LEAST_SIZE, pasidBits - TABLE_BITS - SMALLEST_BITS);
        long bytes = (long) PasidDirectoryEntry.BYTES << size + SMALLEST_BITS;
        directory = pages.allocate(bytes, PAGE);
    }

    /** Says in a context entry where it is. */
    void describe(long[] context) {
        ScalableContextEntry.PASIDDIRPTR.setInPlace(context, directory);
        ScalableContextEntry.PDTS.set(context, size);
    }

    /** Writes an entry, the word with its present bit last. */
    void put(int pasid, long[] entry) {
        StructureWriter.write(memory, place(pasid), entry);
    }

    /** Makes an entry not present; the rest of it is to be cleared once no cache holds it. */
    void revoke(int pasid) {
        long at = place(pasid);
        memory.writeLong(at, PasidEntry.P.set(memory.readLong(at), 0));
    }

    /** Makes an entry not present, and lets no fault of it be recorded. */
    void silence(int pasid) {
        long at = place(pasid);
        memory.writeLong(at, PasidEntry.FPD.mask());
    }

    private long place(int pasid) {
        long at = directory + (long) (pasid >>> TABLE_BITS) * PasidDirectoryEntry.BYTES;
        if (!PasidDirectoryEntry.P.isSet(memory.readLong(at))) {
            memory.writeLong(
                    at,
                    PasidDirectoryEntry.SMPTBLPTR.inPlace(pages.allocate(PAGE, PAGE)) | PasidDirectoryEntry.P.of(1));
        }
        return PasidDirectoryEntry.SMPTBLPTR.inPlace(memory.readLong(at))
                + (long) (pasid & (1 << TABLE_BITS) - 1) * PasidEntry.BYTES;
    }
}
