// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.agrona.collections.Long2LongHashMap;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;

/**
 * A guest's memory: its physical addresses, the same in every guest, and the second stage that maps them. The guest's tables have pages of
 * 4 KiB there; what the guest maps for its devices has pages of the size that it is mapped with, numbered in the order of first use.
 */
final class GuestMemory {
    /** Where a guest has its tables, and how many bytes of them there can be. */
    private static final long TABLES = 1L << 30;

    private static final int TABLES_SHIFT = 30;
    /** Where the machine has the tables of guest 0. */
    private static final long BACKING = 1L << 46;

    private static final int GRANULE = 12;
    private static final long PAGE = 1L << GRANULE;
    private static final long NOWHERE = -1;
    /** Where a guest has its pages of each height, in the order of heights. */
    private static final long[] PAGES = {1L << 31, 1L << 34, 1L << 40};

    private final TableBuilder second;
    private final TableFormat format;
    private final long offset;
    private final PageAllocator pages = new PageAllocator(TABLES);
    private final PageAllocator[] areas = new PageAllocator[PAGES.length];
    private final Long2LongHashMap places = new Long2LongHashMap(NOWHERE);
    private long backed = TABLES;

    GuestMemory(PhysicalMemory memory, PageAllocator hostPages, TableFormat format, int inputBits, int vmid) {
        this.format = format;
        second = new TableBuilder(memory, hostPages, format, inputBits);
        offset = BACKING + ((long) vmid << TABLES_SHIFT) - TABLES;
        for (int height = 0; height < areas.length; height++) {
            areas[height] = new PageAllocator(PAGES[height]);
        }
    }

    /** The second stage's first table. */
    long root() {
        return second.root();
    }

    /** What is added to a guest's physical address of a table to reach it in memory. */
    long offset() {
        return offset;
    }

    /** Hands out the guest's memory for tables. */
    PageAllocator pages() {
        return pages;
    }

    /** Maps what tables have been added since the last time. */
    void backTables() {
        long end = pages.allocate(0, PAGE);
        if (end > TABLES + (1L << TABLES_SHIFT)) {
            throw new IllegalArgumentException("a guest has more than 1 GiB of tables, expected fewer mappings");
        }
        for (; backed < end; backed += PAGE) {
            second.map(backed, backed + offset, 0, attributes(IommuDriver.READ | IommuDriver.WRITE, 0));
        }
    }

    /** The guest's address of a page of memory, which is mapped if it is new to the guest. */
    long place(long physical, int pageShift) {
        int height = AddressSpace.height(format, pageShift);
        long known = places.get(physical | height);
        if (known != NOWHERE) {
            return known;
        }
        long bytes = 1L << pageShift;
        long at = areas[height].allocate(bytes, bytes);
        second.map(at, physical, height, attributes(IommuDriver.READ | IommuDriver.WRITE | IommuDriver.EXECUTE, 0));
        places.put(physical | height, at);
        return at;
    }

    /** A second stage's leaf: write-back, inner shareable, accessed. */
    static long attributes(int permissions, int height) {
        return Aarch64Stage2.MEM_ATTR.of(0xF)
                | Aarch64Descriptor.SH.of(3)
                | Aarch64Descriptor.AF.of(1)
                | Aarch64Stage2.S2AP.of(permissions & (IommuDriver.READ | IommuDriver.WRITE))
                | Aarch64Stage2.XN.of((permissions & IommuDriver.EXECUTE) != 0 ? 0 : 2);
    }
}
