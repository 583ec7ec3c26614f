// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.Set;

/** What a program does next. */
sealed interface Op {
    /** Stores to memory. */
    record Store(long address, byte[] data) implements Op {}

    /** Writes a register of the IOMMU. */
    record Write(long offset, int size, long value) implements Op {}

    /** Reads a register of the IOMMU, and compares the bits of a mask. */
    record Read(String name, long offset, int size, long mask) implements Op {}

    /**
     * One DMA, and all fault records behind it.
     *
     * @param device number of the device
     * @param toMemory whether it writes
     * @param target physical address that it should come to, or -1 for none
     * @param quirks what is known to differ in the structures on its way
     * @param note of people
     */
    record Dma(int device, boolean toMemory, long iova, int bytes, long target, Set<String> quirks, String note)
            implements Op {
        String text() {
            return (toMemory ? "write " : "read ") + bytes + " at 0x" + Long.toHexString(iova) + " by "
                    + Integer.toHexString(Side.SLOTS[device] << 3);
        }
    }
}
