// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import org.iommuemu.memory.PhysicalMemory;

/**
 * Bits in memory flip, such as those of a table entry or a command.
 *
 * @param address of 8 bytes, a multiple of 8
 * @param bits of these, from the lowest of the lowest byte
 * @param random how many further bits, drawn
 * @param trigger when
 * @param n the time in ps, or which write or access to any of the 8 bytes, from 1
 */
public record FlipRule(String name, long address, long bits, int random, Trigger trigger, long n) implements FaultRule {
    /** When bits flip. */
    public enum Trigger {
        /** At a time. */
        TIME,
        /** Just after the nth write of anybody. */
        WRITE,
        /** Just before the nth access of the IOMMU or a device, reads as well as writes. */
        ACCESS
    }

    /**
     * Checks it.
     *
     * @throws IllegalArgumentException naming rule, field, value and what is legal
     */
    public FlipRule {
        FaultRule.checkName(name);
        boolean possible = address >= 0 && address < 1L << PhysicalMemory.ADDRESS_BITS && (address & 7) == 0;
        FaultRule.check(possible, name, "addr", "0x" + Long.toHexString(address), "a multiple of 8 of 52 bits");
        FaultRule.check(bits != 0 || random > 0, name, "bits", bits, "bits to flip, or random ones");
        FaultRule.check(random >= 0 && random <= Long.SIZE, name, "random_bits", random, "0 to 64");
        if (trigger == Trigger.TIME) {
            FaultRule.checkTime(name, "at", n);
        } else {
            FaultRule.check(n >= 1, name, "nth", n, "a number from 1");
        }
    }

    boolean touches(long at, int bytes) {
        return at < address + Long.BYTES && address < at + bytes;
    }
}
