// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.memory.PhysicalMemory;

/** A part of memory that structures of one kind are put into, one after another. */
final class Arena {
    private static final long BYTES = 0x100_0000;

    private final PhysicalMemory memory;
    private final long from;
    private long next;
    /** Where something has been put. */
    final List<Long> places = new ArrayList<>();

    Arena(PhysicalMemory memory, long from) {
        this.memory = memory;
        this.from = from;
        this.next = from;
    }

    /** Room, aligned to a power of two. */
    long allocate(long bytes, long alignment) {
        long at = next + alignment - 1 & -alignment;
        next = at + bytes;
        if (next > from + BYTES) {
            next = from;
            at = from;
        }
        return at;
    }

    boolean holds(long address) {
        return address >= from && address < from + BYTES;
    }

    /** Writes a word that may be changed later on. */
    void put(long at, long value) {
        memory.writeLong(at, value);
        places.add(at);
    }
}
