// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.RootEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;

/** The root table and the context tables of a unit (VT-d architecture 9.1-9.4). */
final class VtdContexts {
    private static final long PAGE = 1L << 12;
    private static final int BUS_SHIFT = 8;
    private static final int UPPER_DEVFN = 0x80;

    private final PhysicalMemory memory;
    private final PageAllocator pages;
    private final boolean scalable;
    private final long root;

    VtdContexts(PhysicalMemory memory, PageAllocator pages, boolean scalable) {
        this.memory = memory;
        this.pages = pages;
        this.scalable = scalable;
        root = pages.allocate(PAGE, PAGE);
    }

    /** The root table. */
    long root() {
        return root;
    }

    /** Writes a requester's entry; the table that it is in is made if it does not exist. */
    void put(int requester, long[] entry) {
        StructureWriter.write(memory, place(requester), entry);
    }

    /** Clears a requester's entry. */
    void clear(int requester) {
        StructureWriter.clear(memory, place(requester), scalable ? ScalableContextEntry.WORDS : ContextEntry.WORDS);
    }

    private long place(int requester) {
        int devfn = requester & 0xFF;
        boolean upper = scalable && devfn >= UPPER_DEVFN;
        // Both halves of a root entry look alike.
        long at = root + (long) (requester >>> BUS_SHIFT) * RootEntry.BYTES + (upper ? Long.BYTES : 0);
        if (!RootEntry.P.isSet(memory.readLong(at))) {
            memory.writeLong(at, RootEntry.CTP.inPlace(pages.allocate(PAGE, PAGE)) | RootEntry.P.of(1));
        }
        long index = scalable
                ? (long) (devfn & UPPER_DEVFN - 1) * ScalableContextEntry.BYTES
                : (long) devfn * ContextEntry.BYTES;
        return RootEntry.CTP.inPlace(memory.readLong(at)) + index;
    }
}
