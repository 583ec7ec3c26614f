// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.paging.build.TableBuilder.EntryBits;

/**
 * Tables of one stage, as a driver builds them.
 *
 * @param format of their entries
 * @param bits what entries of the format are made of
 * @param inputBits width of the addresses that they translate
 * @param concatenated whether up to 16 tables that a small first one would point to take its place, as a second stage of VMSAv8-64 can have it
 * @param leaf attributes of leaves
 */
record TableKind(TableFormat format, EntryBits bits, int inputBits, boolean concatenated, LeafAttributes leaf) {
    /** log2 of how many tables can be one at the start. */
    private static final int CONCATENATED_BITS = 4;

    /** Tables that all have one granule. */
    TableKind(TableFormat format, EntryBits bits, int inputBits, LeafAttributes leaf) {
        this(format, bits, inputBits, false, leaf);
    }

    /** Attributes of a leaf, out of a driver's permissions. */
    @FunctionalInterface
    interface LeafAttributes {
        long of(int permissions);
    }

    /**
     * Empty tables.
     *
     * @param offset what is added to addresses of {@code pages} to reach the memory
     */
    TableBuilder build(PhysicalMemory memory, PageAllocator pages, long offset) {
        return new TableBuilder(memory, pages, format, bits, inputBits, startHeight(), offset);
    }

    /** The height of the first table. */
    int startHeight() {
        int height = format.startHeight(inputBits);
        boolean small = height > 0 && inputBits - format.shift(height) <= CONCATENATED_BITS;
        return concatenated && small ? height - 1 : height;
    }
}
