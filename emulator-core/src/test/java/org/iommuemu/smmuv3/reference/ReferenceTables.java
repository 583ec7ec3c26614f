// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

/**
 * Where and how tables of a stage are read (fact sheet 4.2 to 4.4).
 *
 * @param granule log2 of a page: 12, 14 or 16
 * @param inputBits width of what is translated
 * @param start level of the first table
 * @param base its address, aligned
 * @param outputBits width of what comes out
 * @param ds 52-bit addresses in descriptors of 4K and 16K
 * @param wide the same for 64K
 * @param bigEndian descriptors are
 * @param flags AF of table descriptors is updated
 */
record ReferenceTables(
        int granule,
        int inputBits,
        int start,
        long base,
        int outputBits,
        boolean ds,
        boolean wide,
        boolean bigEndian,
        boolean flags) {

    /** Aligns the base to the start table, to 64 bytes at least where 52 bits come out. */
    static ReferenceTables of(
            ReferenceRegisters machine,
            int granule,
            int inputBits,
            int start,
            long base,
            int outputBits,
            boolean ds,
            boolean bigEndian,
            boolean flags) {
        boolean wide = granule == 16 && machine.oas() >= 52;
        int low = granule + (granule - 3) * (3 - start);
        long bytes = 8L << inputBits - low;
        long alignment = Math.max(bytes, outputBits == 52 ? 64 : 1);
        return new ReferenceTables(
                granule, inputBits, start, base & -alignment, outputBits, ds, wide, bigEndian, flags);
    }

    /** Lowest bit of the index of a level. */
    int low(int level) {
        return granule + (granule - 3) * (3 - level);
    }

    /** Address of the descriptor of a level. */
    long entry(long table, int level, long input) {
        int high = level == start ? inputBits - 1 : low(level) + granule - 4;
        return table + ReferenceRegisters.bits(input, high, low(level)) * 8;
    }

    boolean hasBlocks(int level) {
        return switch (granule) {
            case 12 -> level == 1 || level == 2 || level == 0 && ds;
            case 14 -> level == 2 || level == 1 && ds;
            default -> level == 2 || level == 1 && wide;
        };
    }

    /** The address in a descriptor, from a bit upwards. */
    long address(long descriptor, int from) {
        if (granule == 16) {
            long address = ReferenceRegisters.bits(descriptor, 47, from) << from;
            return wide ? address | ReferenceRegisters.bits(descriptor, 15, 12) << 48 : address;
        }
        if (ds) {
            return ReferenceRegisters.bits(descriptor, 49, from) << from
                    | ReferenceRegisters.bits(descriptor, 9, 8) << 50;
        }
        return ReferenceRegisters.bits(descriptor, 47, from) << from;
    }
}
