// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;

/** Reads context and PASID entries out of memory, by the layouts alone (VT-d architecture 9.1 to 9.6). */
record EntryReading(PhysicalMemory memory, long root, boolean scalable) {
    private static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;

    /** An entry without the address that is in its words: a table's. */
    static long[] masked(long[] entry) {
        long[] masked = entry.clone();
        for (int i = 0; i < masked.length; i += 2) {
            masked[i] &= ~ADDRESS;
        }
        return masked;
    }

    private long[] read(long at, int words) {
        long[] entry = new long[words];
        for (int i = 0; i < words; i++) {
            entry[i] = memory.readLong(at + 8L * i);
        }
        return entry;
    }

    long[] context(int source) {
        int devfn = source & 0xFF;
        long at = root + (long) (source >>> 8) * 16 + (scalable && devfn >= 0x80 ? 8 : 0);
        long table = memory.readLong(at) & ADDRESS;
        return scalable ? read(table + (devfn & 0x7FL) * 32, 4) : read(table + devfn * 16L, 2);
    }

    /** The entry of PASID 0. */
    long[] pasid(int source) {
        long directory = context(source)[0] & ADDRESS;
        return read(memory.readLong(directory) & ADDRESS, 8);
    }
}
