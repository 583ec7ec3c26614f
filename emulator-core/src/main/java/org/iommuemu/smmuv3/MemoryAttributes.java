// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

/**
 * Memory attributes of a transaction as it goes on: a MAIR byte in bits 7:0 and shareability in bits 9:8 (0 NSH, 2 OSH, 3
 * ISH), made consistent (IHI 0070 §13.1).
 */
final class MemoryAttributes {
    /** What a PCIe request carries: Normal write-back, read- and write-allocate, non-shareable. */
    static final long INCOMING = 0xFF;

    private static final int OUTER = 2;
    private static final long NORMAL_NON_CACHEABLE = 0x44;

    private MemoryAttributes() {}

    /**
     * The attributes of a stage 1 leaf.
     *
     * @param mair one MAIR byte; reserved encodings are resolved
     * @param shareability the descriptor's SH field
     */
    static long of(long mair, int shareability) {
        long high = mair >>> 4;
        long low = mair & 0xF;
        long resolved = mair;
        if (high == 0) {
            resolved = low & 0xC;
        } else if (low == 0) {
            // Inner write-through transient, read- and write-allocate.
            resolved = high << 4 | 0x3;
        }
        boolean outer = high == 0 || resolved == NORMAL_NON_CACHEABLE;
        int sh = outer ? OUTER : shareability == 1 ? 0 : shareability;
        return resolved | (long) sh << 8;
    }
}
