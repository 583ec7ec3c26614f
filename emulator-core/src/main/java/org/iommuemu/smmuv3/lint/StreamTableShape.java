// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import org.iommuemu.smmuv3.spec.Registers;

/** What STRTAB_BASE_CFG says of the stream table (IHI 0070 §6.3.23-6.3.24). */
final class StreamTableShape {
    private StreamTableShape() {}

    static boolean isTwoLevel(long cfg) {
        return Registers.STRTAB_FMT.getInt(cfg) == 1;
    }

    /** The effective SPLIT: reserved values act as 6. */
    static int split(long cfg) {
        int split = Registers.STRTAB_SPLIT.getInt(cfg);
        return split == 8 || split == 10 ? split : 6;
    }

    /** log2 of the base's alignment, by the literal LOG2SIZE. */
    static int alignment(long cfg) {
        int log2Size = Registers.STRTAB_LOG2SIZE.getInt(cfg);
        return isTwoLevel(cfg) ? Math.max(6, log2Size - split(cfg) + 3) : log2Size + 6;
    }

    /** The base as it is used. */
    static long base(long base, long cfg) {
        return Registers.STRTAB_ADDR.inPlace(base) & -(1L << Math.min(63, alignment(cfg)));
    }
}
