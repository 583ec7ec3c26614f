// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;

/** Writes structures that hardware reads: the first word last, as it says that the rest is there. */
final class StructureWriter {
    private StructureWriter() {}

    static void write(PhysicalMemory memory, long address, long[] words) {
        for (int i = words.length - 1; i >= 0; i--) {
            memory.writeLong(address + (long) i * Long.BYTES, words[i]);
        }
    }

    /** Clears a structure: the first word first, as hardware must not see half of the rest. */
    static void clear(PhysicalMemory memory, long address, int words) {
        for (int i = 0; i < words; i++) {
            memory.writeLong(address + (long) i * Long.BYTES, 0);
        }
    }
}
