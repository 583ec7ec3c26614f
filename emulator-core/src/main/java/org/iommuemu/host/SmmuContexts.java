// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * The context descriptors of a stream: one, until there is a PASID; then a table of all that the SMMU can have, in which requests without PASID
 * use the first (IHI 0070 §3.3.2). As in Linux the table is linear up to 1,024 entries, and where there are no others.
 */
final class SmmuContexts {
    private static final int LEAF_BITS = 6;
    private static final int MOST_LINEAR_BITS = 10;
    private static final int TWO_LEVEL_4K = 1;
    private static final long PAGE = 1L << 12;

    private final PhysicalMemory memory;
    private final PageAllocator pages;
    private final long offset;
    private final int bits;
    private final boolean linear;
    private long first;
    private long table;

    /**
     * Contexts of which none is valid.
     *
     * @param offset what is added to addresses of {@code pages} to reach the memory
     */
    SmmuContexts(PhysicalMemory memory, PageAllocator pages, long offset, SmmuHardware hardware) {
        this.memory = memory;
        this.pages = pages;
        this.offset = offset;
        bits = hardware.substreamBits();
        linear = !hardware.hasTwoLevelContexts() || bits <= MOST_LINEAR_BITS;
        first = pages.allocate(PAGE, PAGE);
    }

    /** Says in a stream's entry where they are. */
    void describe(long[] ste) {
        Ste.S1_CONTEXT_PTR.setInPlace(ste, table == 0 ? first : table);
        Ste.S1FMT.set(ste, table == 0 || linear ? 0 : TWO_LEVEL_4K);
        Ste.S1CDMAX.set(ste, table == 0 ? 0 : bits);
    }

    /**
     * Makes room for a context.
     *
     * @return whether a table of a first level points to it that did not before
     */
    boolean prepare(int pasid) {
        if (pasid == IommuDriver.NO_PASID) {
            return false;
        }
        makeTable();
        long entry = table + offset + (long) (pasid >>> LEAF_BITS) * L1Cd.BYTES;
        if (linear || memory.readLong(entry) != 0) {
            return false;
        }
        memory.writeLong(entry, L1Cd.L2_PTR.inPlace(pages.allocate(PAGE, PAGE)) | L1Cd.V.of(1));
        return true;
    }

    /** Makes a table, if there is none, as there are to be PASIDs. */
    void makeTable() {
        if (table != 0) {
            return;
        }
        long bytes = linear ? (long) Cd.BYTES << bits : (long) L1Cd.BYTES << bits - LEAF_BITS;
        table = pages.allocate(bytes, bytes);
        if (linear) {
            for (int i = 0; i < Cd.BYTES; i += Long.BYTES) {
                memory.writeLong(table + offset + i, memory.readLong(first + offset + i));
            }
            first = table;
        } else {
            // The page of the single context becomes the first of the leaves, with the context in its place.
            memory.writeLong(table + offset, L1Cd.L2_PTR.inPlace(first) | L1Cd.V.of(1));
        }
    }

    /** Where a context is in memory that has been prepared. */
    long place(int pasid) {
        if (pasid == IommuDriver.NO_PASID) {
            return first + offset;
        }
        if (linear) {
            return table + offset + (long) pasid * Cd.BYTES;
        }
        long leaf = L1Cd.L2_PTR.inPlace(memory.readLong(table + offset + (long) (pasid >>> LEAF_BITS) * L1Cd.BYTES));
        return leaf + offset + (pasid & (1 << LEAF_BITS) - 1) * (long) Cd.BYTES;
    }
}
