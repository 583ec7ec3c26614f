// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.reference.Arena;
import org.iommuemu.reference.Draw;

/** A random interrupt remapping table. */
final class InterruptTable {
    private InterruptTable() {}

    /** Writes a table and returns what IRTA is to be. */
    static long write(Draw draw, PhysicalMemory memory, Arena arena) {
        int size = draw.of(2, 5, 7);
        long table = arena.allocate(0x1000, 0x1000);
        long extended = draw.bit();
        for (int i = 0; i < 2 << size; i++) {
            long low = draw.mostly(8)
                    | draw.rarely(10) << 1
                    | draw.bits(3) << 2
                    | (long) draw.of(0, 1, 2, 4, 5, 7) << 5
                    | draw.bits(4) << 8
                    | draw.bits(8) << 16
                    | (extended != 0 ? draw.bits(32) << 32 : draw.bits(8) << 40);
            long high = draw.bits(16) & 0x3FF | draw.bits(2) << 16 | (long) draw.of(0, 0, 1, 2) << 18;
            if (draw.once(10)) {
                low ^= 1L << draw.below(64);
                high ^= draw.bit() << draw.below(64);
            }
            memory.writeLong(table + i * 16L, low);
            memory.writeLong(table + i * 16L + 8, high);
        }
        return table | extended << 11 | size;
    }
}
