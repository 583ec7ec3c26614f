// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.jspecify.annotations.Nullable;

/** The address spaces of a device: one for each PASID that was named and one without, and the guest's memory if the device is a guest's. */
final class DeviceTables {
    private final PhysicalMemory memory;
    private final PageAllocator hostPages;
    private final TableKind kind;
    private final @Nullable GuestMemory guest;
    private final Int2ObjectHashMap<AddressSpace> spaces = new Int2ObjectHashMap<>();

    /**
     * No address space yet.
     *
     * @param number of the guest, if it is one's
     */
    DeviceTables(
            StageLayout stages,
            TableKind first,
            TableKind second,
            PhysicalMemory memory,
            PageAllocator hostPages,
            int number) {
        this.memory = memory;
        this.hostPages = hostPages;
        kind = stages == StageLayout.STAGE_2 ? second : first;
        guest = stages == StageLayout.NESTED ? new GuestMemory(memory, hostPages, second, number) : null;
    }

    /** The guest whose device it is. */
    @Nullable
    GuestMemory guest() {
        return guest;
    }

    /** Hands out memory for tables, a guest's if there is one. */
    PageAllocator pages() {
        return guest == null ? hostPages : guest.pages();
    }

    /** What is added to addresses of {@link #pages} to reach the memory. */
    long offset() {
        return guest == null ? 0 : guest.offset();
    }

    /** The address space of a PASID, if it exists. */
    @Nullable
    AddressSpace space(int pasid) {
        return spaces.get(pasid);
    }

    /** Makes an address space. */
    AddressSpace create(int pasid, int id) {
        AddressSpace made = new AddressSpace(id, kind, kind.build(memory, pages(), offset()));
        spaces.put(pasid, made);
        return made;
    }

    /** Forgets an address space. */
    void remove(int pasid) {
        spaces.remove(pasid);
    }

    /** What the address spaces are tagged with, each once. */
    int[] ids() {
        return spaces.values().stream().mapToInt(AddressSpace::id).distinct().toArray();
    }

    /** How many address spaces there are. */
    int count() {
        return spaces.size();
    }

    /**
     * Maps pages.
     *
     * @return whether a table had to give way, so that more than leaves must be invalidated
     */
    boolean map(AddressSpace space, long iova, long physical, long bytes, int pageShift, int permissions) {
        boolean tableGone = false;
        for (long done = 0; done < bytes; done += 1L << pageShift) {
            long to = guest == null ? physical + done : guest.place(physical + done, pageShift);
            tableGone |= space.map(iova + done, to, pageShift, permissions);
        }
        backTables();
        return tableGone;
    }

    /** Unmaps pages; those that are not mapped are passed over. */
    static void unmap(AddressSpace space, long iova, long bytes, int pageShift) {
        for (long done = 0; done < bytes; done += 1L << pageShift) {
            space.unmap(iova + done, pageShift);
        }
    }

    /** Lets the second stage map what tables have been added. */
    void backTables() {
        if (guest != null) {
            guest.backTables();
        }
    }
}
