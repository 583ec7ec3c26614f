// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.reference;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.memory.PhysicalMemory;

/** A part of memory that structures of one kind are put into, one after another. */
public final class Arena {
    private static final long BYTES = 0x100_0000;

    private final PhysicalMemory memory;
    private final long from;
    private long next;
    /** Where something has been put. */
    public final List<Long> places = new ArrayList<>();

    /** A part of 16 MiB. */
    public Arena(PhysicalMemory memory, long from) {
        this.memory = memory;
        this.from = from;
        this.next = from;
    }

    /** Room, aligned to a power of two. */
    public long allocate(long bytes, long alignment) {
        long at = next + alignment - 1 & -alignment;
        next = at + bytes;
        if (next > from + BYTES) {
            next = from;
            at = from;
        }
        return at;
    }

    /** Whether an address is in it. */
    public boolean holds(long address) {
        return address >= from && address < from + BYTES;
    }

    /** Writes a word that may be changed later on. */
    public void put(long at, long value) {
        memory.writeLong(at, value);
        places.add(at);
    }
}
