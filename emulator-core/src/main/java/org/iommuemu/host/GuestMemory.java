// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.agrona.collections.Long2LongHashMap;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;

/**
 * A guest's memory: its physical addresses, the same in every guest, and the second stage that maps them. The guest's tables have pages of
 * 4 KiB there; what the guest maps for its devices has pages of the size that it is mapped with, in the order of first use. As in a
 * guest whose memory is contiguous, all of it lies close together as long as there is little of it:
 *
 * <pre>
 *   2^35            2^36             + 1 MiB        + 512 MiB            2^40                2^41
 *    |   pages of 4 KiB, downwards  ◀──┼──▶  tables   |──▶ pages of 2 MiB  |──▶ pages of 1 GiB
 * </pre>
 */
final class GuestMemory {
    /** Where a guest has its tables, and how many bytes of them there can be. */
    private static final long TABLES = (1L << 36) + (1L << 20);

    private static final long TABLE_BYTES = (1L << 29) - (1L << 20);
    private static final int BACKING_SHIFT = 30;
    /** Where its lowest page of 4 KiB can be. */
    private static final long LOWEST = 1L << 35;

    /** Where the machine has the tables of guest 0. */
    private static final long BACKING = 1L << 46;

    /** log2 of the smallest page of a guest. */
    static final int GRANULE = 12;

    private static final long PAGE = 1L << GRANULE;
    private static final long NOWHERE = -1;
    /** Where a guest has its larger pages, by height from 1 up. */
    private static final long[] LARGER = {(1L << 36) + (1L << 29), 1L << 40};

    private final TableBuilder second;
    private final int tag;
    private final IdPool asids = new IdPool("ASIDs", 1, 1 << 16);
    private final TableKind kind;
    private final long offset;
    private final PageAllocator pages = new PageAllocator(TABLES);
    private final PageAllocator[] larger = new PageAllocator[LARGER.length];
    private final Long2LongHashMap places = new Long2LongHashMap(NOWHERE);
    private long backed = TABLES;
    private long lowest = TABLES;

    /**
     * The memory of a guest.
     *
     * @param kind of the second stage
     * @param number of the guest
     * @param tag VMID, or domain id, of the second stage
     */
    GuestMemory(PhysicalMemory memory, PageAllocator hostPages, TableKind kind, int number, int tag) {
        this.kind = kind;
        this.tag = tag;
        second = kind.build(memory, hostPages, 0);
        offset = BACKING + ((long) number << BACKING_SHIFT) - TABLES;
        for (int i = 0; i < larger.length; i++) {
            larger[i] = new PageAllocator(LARGER[i]);
        }
    }

    /** VMID, or domain id, of the second stage. */
    int tag() {
        return tag;
    }

    /** The guest's own ASIDs. */
    IdPool asids() {
        return asids;
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
        if (end > TABLES + TABLE_BYTES) {
            throw new IllegalArgumentException("a guest has more than 511 MiB of tables, expected fewer mappings");
        }
        for (; backed < end; backed += PAGE) {
            second.map(backed, backed + offset, 0, kind.leaf().of(IommuDriver.READ | IommuDriver.WRITE));
        }
    }

    /** The guest's address of a page of memory, which is mapped if it is new to the guest. */
    long place(long physical, int pageShift) {
        int height = PageTables.height(kind.format(), pageShift);
        long known = places.get(physical | height);
        if (known != NOWHERE) {
            return known;
        }
        long bytes = 1L << pageShift;
        long at = height == 0 ? nextSmallPage() : larger[height - 1].allocate(bytes, bytes);
        int all = IommuDriver.READ | IommuDriver.WRITE | IommuDriver.EXECUTE;
        second.map(at, physical, height, kind.leaf().of(all));
        places.put(physical | height, at);
        return at;
    }

    private long nextSmallPage() {
        if (lowest == LOWEST) {
            throw new IllegalArgumentException("a guest has more than 2^23 pages of 4 KiB, expected fewer");
        }
        lowest -= PAGE;
        return lowest;
    }
}
