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
 * @param leaf attributes of leaves
 */
record TableKind(TableFormat format, EntryBits bits, int inputBits, LeafAttributes leaf) {
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
        return new TableBuilder(memory, pages, format, bits, inputBits, offset);
    }
}
