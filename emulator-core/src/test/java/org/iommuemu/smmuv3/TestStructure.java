// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.memory.PhysicalMemory;

/**
 * A structure in memory, changed bit range by bit range as software would. Positions are those of the fact sheet's tables, not
 * those of the layouts under test.
 */
class TestStructure {
    private final PhysicalMemory memory;
    private final long address;

    TestStructure(PhysicalMemory memory, long address) {
        this.memory = memory;
        this.address = address;
    }

    /** Where it is. */
    final long address() {
        return address;
    }

    final PhysicalMemory memory() {
        return memory;
    }

    /** Sets bits {@code msb:lsb}, counted from the start of the structure, within one 64-bit word. */
    final void put(int msb, int lsb, long value) {
        long at = address + (lsb >>> 6) * 8L;
        int width = msb - lsb + 1;
        long mask = (width == 64 ? -1L : (1L << width) - 1) << (lsb & 63);
        memory.writeLong(at, memory.readLong(at) & ~mask | value << (lsb & 63) & mask);
    }

    /** Bits {@code msb:lsb}, right-aligned. */
    final long get(int msb, int lsb) {
        int width = msb - lsb + 1;
        long mask = width == 64 ? -1L : (1L << width) - 1;
        return memory.readLong(address + (lsb >>> 6) * 8L) >>> (lsb & 63) & mask;
    }

    /** Replaces a whole 64-bit word. */
    final void word(int index, long value) {
        memory.writeLong(address + index * 8L, value);
    }
}
