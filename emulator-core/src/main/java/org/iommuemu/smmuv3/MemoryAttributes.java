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
    private static final int INNER = 3;
    private static final long NON_CACHEABLE = 0x4;
    private static final long WRITE_THROUGH = 0xB;
    private static final long WRITE_BACK = 0xF;

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
        if (high == 0) {
            return consistent(low & 0xC, shareability);
        }
        // A Normal type with inner nibble 0 is reserved: inner write-through transient, read- and write-allocate.
        return consistent(high << 4 | (low == 0 ? 0x3 : low), shareability);
    }

    /**
     * The attributes of a stage 2 leaf, without STE.S2FWB.
     *
     * @param memAttr the descriptor's MemAttr field: outer in bits 3:2, inner in bits 1:0, or a Device type
     */
    static long stage2(int memAttr, int shareability) {
        int outer = memAttr >>> 2;
        int inner = memAttr & 3;
        return outer == 0
                ? consistent((long) inner << 2, shareability)
                : consistent(cacheability(outer) << 4 | cacheability(inner), shareability);
    }

    /** The nibble of a stage 2 cacheability code; 0 with a Normal outer half is reserved and taken as non-cacheable. */
    private static long cacheability(int code) {
        return switch (code) {
            case 2 -> WRITE_THROUGH;
            case 3 -> WRITE_BACK;
            default -> NON_CACHEABLE;
        };
    }

    static boolean isDevice(long attributes) {
        return (attributes & 0xF0) == 0;
    }

    /**
     * Both stages' attributes as one (§13.1.5): Device beats Normal, the less gathering Device type wins; the less cacheable
     * half wins; outer beats inner beats non-shareable. Hints are stage 1's.
     */
    static long combine(long stage1, long stage2) {
        int sh = shareability(stage1, stage2);
        if (isDevice(stage1) || isDevice(stage2)) {
            long type = !isDevice(stage1)
                    ? stage2 & 0xC
                    : !isDevice(stage2) ? stage1 & 0xC : Math.min(stage1 & 0xC, stage2 & 0xC);
            return consistent(type, sh);
        }
        long outer = weaker(stage1 >>> 4 & 0xF, stage2 >>> 4 & 0xF);
        return consistent(outer << 4 | weaker(stage1 & 0xF, stage2 & 0xF), sh);
    }

    private static long weaker(long first, long second) {
        return strength(second) < strength(first) ? second & 0xC | (second == NON_CACHEABLE ? 0 : first & 3) : first;
    }

    /** 0 non-cacheable, 1 write-through, 2 write-back. */
    private static int strength(long nibble) {
        if (nibble == NON_CACHEABLE) {
            return 0;
        }
        // 00RW and 10RW are write-through, 01RW and 11RW write-back.
        return (nibble & 0x4) == 0 ? 1 : 2;
    }

    private static int shareability(long stage1, long stage2) {
        int first = (int) (stage1 >>> 8) & 3;
        int second = (int) (stage2 >>> 8) & 3;
        if (first == OUTER || second == OUTER) {
            return OUTER;
        }
        return first == INNER || second == INNER ? INNER : 0;
    }

    /** Device and wholly non-cacheable memory is outer shareable; the reserved SH value 1 is non-shareable. */
    private static long consistent(long mair, int shareability) {
        boolean outer = (mair & 0xF0) == 0 || mair == (NON_CACHEABLE << 4 | NON_CACHEABLE);
        int sh = outer ? OUTER : shareability == 1 ? 0 : shareability;
        return mair | (long) sh << 8;
    }
}
