// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.memory.PhysicalMemory;

/** A stream table entry in memory (fact sheet 2.2); every setter writes it at once. */
final class TestSte extends TestStructure {
    TestSte(PhysicalMemory memory, long address) {
        super(memory, address);
    }

    TestSte valid(int v) {
        return set(0, 0, v);
    }

    TestSte config(int code) {
        return set(3, 1, code);
    }

    TestSte s1Fmt(int code) {
        return set(5, 4, code);
    }

    TestSte s1ContextPtr(long pointer) {
        return set(55, 6, pointer >>> 6);
    }

    TestSte s1CdMax(int log2) {
        return set(63, 59, log2);
    }

    TestSte s1Dss(int code) {
        return set(65, 64, code);
    }

    TestSte s1StallDisable(int bit) {
        return set(91, 91, bit);
    }

    TestSte privCfg(int code) {
        return set(113, 112, code);
    }

    TestSte instCfg(int code) {
        return set(115, 114, code);
    }

    /** Any other field. */
    TestSte set(int msb, int lsb, long value) {
        put(msb, lsb, value);
        return this;
    }
}
