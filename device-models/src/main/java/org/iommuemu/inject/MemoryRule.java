// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;

/**
 * Memory does not answer, or answers with data that are known to be bad, whoever of IOMMU and devices accesses it.
 *
 * @param address first byte of the range, physical
 * @param length of the range; any access that touches it counts
 * @param answer what comes of an access that is hit
 */
public record MemoryRule(String name, long address, long length, Occasion when, RangeState answer)
        implements FaultRule {
    /**
     * Checks it.
     *
     * @throws IllegalArgumentException naming rule, field, value and what is legal
     */
    public MemoryRule {
        FaultRule.checkName(name);
        long end = 1L << PhysicalMemory.ADDRESS_BITS;
        FaultRule.check(
                address >= 0 && address < end, name, "addr", "0x" + Long.toHexString(address), "an address of 52 bits");
        FaultRule.check(length > 0 && length <= end - address, name, "length", length, "1 to the end of 52 bits");
        FaultRule.check(answer != RangeState.PRESENT, name, "answer", answer, "ABSENT or POISONED");
    }

    /** All memory. */
    public static MemoryRule everywhere(String name, Occasion when, RangeState answer) {
        return new MemoryRule(name, 0, 1L << PhysicalMemory.ADDRESS_BITS, when, answer);
    }

    boolean touches(long at, int bytes) {
        return at < address + length && address < at + bytes;
    }
}
