// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/**
 * The context descriptors of a stream: one, until there is a PASID; then a two-level table, in which requests without PASID use the
 * first (IHI 0070 §3.3.2).
 */
final class SmmuContexts {
    private static final int LEAF_BITS = 6;
    private static final int TWO_LEVEL_4K = 1;
    private static final long PAGE = 1L << 12;
    private static final long SMALLEST_TABLE = 64;

    private final PhysicalMemory memory;
    private final PageAllocator pages;
    private final long offset;
    private final long single;
    private long table;
    private final int bits;
    private int valid;

    /**
     * Contexts of which none is valid.
     *
     * @param offset what is added to addresses of {@code pages} to reach the memory
     * @param bits width of PASIDs
     */
    SmmuContexts(PhysicalMemory memory, PageAllocator pages, long offset, int bits) {
        this.bits = bits;
        this.memory = memory;
        this.pages = pages;
        this.offset = offset;
        single = pages.allocate(PAGE, PAGE);
    }

    /** Whether there are contexts of PASIDs. */
    boolean hasPasids() {
        return valid != 0;
    }

    /** Makes a table, as there are to be PASIDs. */
    void makeTable() {
        if (table == 0) {
            long bytes = Math.max(SMALLEST_TABLE, (long) L1Cd.BYTES << Math.max(bits - LEAF_BITS, 0));
            table = pages.allocate(bytes, bytes);
            // The page of the single context becomes the first of the leaves, with the context in its place.
            memory.writeLong(table + offset, L1Cd.L2_PTR.inPlace(single) | L1Cd.V.of(1));
        }
    }

    /**
     * Says in a stream's entry where they are.
     *
     * @param plain what requests without PASID are attached to, if anything
     * @param blocked whether these were detached
     */
    void describe(long[] ste, @Nullable Domain plain, boolean blocked) {
        Ste.S1_CONTEXT_PTR.setInPlace(ste, table == 0 ? single : table);
        Ste.S1FMT.set(ste, table == 0 ? 0 : TWO_LEVEL_4K);
        Ste.S1CDMAX.set(ste, table == 0 ? 0 : bits);
        if (table != 0) {
            boolean bypass = plain != null && plain.kind() == Domain.Kind.IDENTITY;
            Ste.S1DSS.set(ste, blocked ? Ste.S1DSS_TERMINATE : bypass ? Ste.S1DSS_BYPASS : Ste.S1DSS_SUBSTREAM_0);
        }
    }

    /**
     * Puts a context.
     *
     * @param pasid or {@link IommuDriver#NO_PASID}
     */
    void put(int pasid, long[] cd) {
        if (pasid != IommuDriver.NO_PASID) {
            makeTable();
            valid += Cd.V.isSet(memory.readLong(place(pasid) + offset)) ? 0 : 1;
        }
        long at = pasid == IommuDriver.NO_PASID ? single : place(pasid);
        StructureWriter.write(memory, at + offset, cd);
    }

    /** Makes a context that is valid invalid. */
    void clear(int pasid) {
        valid -= pasid == IommuDriver.NO_PASID ? 0 : 1;
        memory.writeLong((pasid == IommuDriver.NO_PASID ? single : place(pasid)) + offset, 0);
    }

    /** Clears the rest of a context that was made invalid, and that no cache holds any more. */
    void wipe(int pasid) {
        long at = (pasid == IommuDriver.NO_PASID ? single : place(pasid)) + offset;
        for (int i = 1; i < Cd.WORDS; i++) {
            memory.writeLong(at + (long) i * Long.BYTES, 0);
        }
    }

    private long place(int pasid) {
        long first = table + offset + (long) (pasid >>> LEAF_BITS) * L1Cd.BYTES;
        if (memory.readLong(first) == 0) {
            memory.writeLong(first, L1Cd.L2_PTR.inPlace(pages.allocate(PAGE, PAGE)) | L1Cd.V.of(1));
        }
        return L1Cd.L2_PTR.inPlace(memory.readLong(first)) + (pasid & (1 << LEAF_BITS) - 1) * (long) Cd.BYTES;
    }
}
