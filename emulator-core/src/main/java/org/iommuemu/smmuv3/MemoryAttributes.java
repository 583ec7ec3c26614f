// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

/**
 * Memory attributes of a transaction as it goes on: a MAIR byte in bits 7:0 and shareability in bits 9:8 (0 NSH, 2 OSH, 3
 * ISH), made consistent (IHI 0070 §13.1).
 *
 * <p>A nibble of the byte is one level of cache, outer in bits 7:4 and inner in 3:0: 0b0100 non-cacheable, else 0bxbRW with x
 * for non-transient, b for write-back rather than write-through, and the allocation hints.
 */
final class MemoryAttributes {
    /** What a PCIe request carries: Normal write-back, read- and write-allocate, non-shareable (§13.1.3). */
    static final long INCOMING = 0xFF;

    private static final int OUTER = 2;
    private static final int INNER = 3;
    private static final int NON_CACHEABLE = 0x4;
    private static final int WRITE_THROUGH = 0xB;
    private static final int WRITE_BACK = 0xF;

    private static final int NON_TRANSIENT = 0x8;
    private static final int BACK = 0x4;
    private static final int ALLOCATE = 0x3;

    /** Of a stage 2 leaf only: the result is write-back, whatever stage 1 says (STE.S2FWB). */
    private static final long FORCED = 1 << 10;

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
     * The attributes of a stage 2 leaf.
     *
     * @param memAttr the descriptor's MemAttr field: outer in bits 3:2, inner in bits 1:0, or a Device type
     * @param forced STE.S2FWB: bits 2:0 say instead what becomes of stage 1's attributes (DDI 0487 §D8.6.6)
     */
    static long stage2(int memAttr, int shareability, boolean forced) {
        if (forced) {
            return switch (memAttr & 7) {
                case 6 -> consistent(WRITE_BACK << 4 | WRITE_BACK, shareability) | FORCED;
                // Write-back leaves stage 1's attributes as they are.
                case 7 -> consistent(WRITE_BACK << 4 | WRITE_BACK, shareability);
                // 4 is reserved and taken as non-cacheable.
                case 4, 5 -> consistent(NON_CACHEABLE << 4 | NON_CACHEABLE, shareability);
                default -> consistent((memAttr & 3L) << 2, shareability);
            };
        }
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

    /**
     * What comes in, after the overrides of an STE or of GBPA (§13.1.4).
     *
     * @param mtcfg whether {@code memAttr} replaces the type
     * @param memAttr a stage 2 MemAttr code; reserved ones are Device-nGnRnE
     * @param alloccfg 0b1RWT replaces the hints of cacheable types, 0b0xxx does not
     * @param shcfg shareability, or 1 for the one that comes in
     */
    static long overridden(boolean mtcfg, int memAttr, int alloccfg, int shcfg) {
        long type = INCOMING;
        if (mtcfg) {
            boolean reserved = (memAttr & 3) == 0;
            type = (reserved ? 0 : stage2(memAttr, 0, false)) & 0xFF;
        }
        if (!isDevice(type) && (alloccfg & 8) != 0) {
            type = (long) hinted((int) type >>> 4, alloccfg) << 4 | hinted((int) type & 0xF, alloccfg);
        }
        return consistent(type, shcfg);
    }

    private static int hinted(int nibble, int alloccfg) {
        return nibble(strength(nibble), alloccfg >>> 1 & ALLOCATE, (alloccfg & 1) != 0);
    }

    static boolean isDevice(long attributes) {
        return (attributes & 0xF0) == 0;
    }

    /**
     * What the hints that come in take away from those of stage 1: for each level, bit 2 makes it transient, bits 1:0 forbid
     * allocation on reads and writes; outer level in bits 5:3. Types without hints take nothing away.
     */
    static int restraint(long incoming) {
        return isDevice(incoming) ? 0 : restraint((int) incoming >>> 4 & 0xF) << 3 | restraint((int) incoming & 0xF);
    }

    private static int restraint(int nibble) {
        return nibble == NON_CACHEABLE ? 0 : (isTransient(nibble) ? 4 : 0) | ~nibble & ALLOCATE;
    }

    /** Stage 1's attributes with the hints of what came in (§13.4.2). */
    static long restrain(long stage1, int restraint) {
        if (restraint == 0 || isDevice(stage1)) {
            return stage1;
        }
        return stage1 & ~0xFF
                | (long) restrained((int) stage1 >>> 4 & 0xF, restraint >>> 3) << 4
                | restrained((int) stage1 & 0xF, restraint & 7);
    }

    private static int restrained(int nibble, int restraint) {
        return nibble(strength(nibble), nibble & ~restraint & ALLOCATE, isTransient(nibble) || (restraint & 4) != 0);
    }

    /**
     * Both stages' attributes as one (§13.1.5): Device beats Normal, the less gathering Device type wins; the less cacheable
     * half wins; outer beats inner beats non-shareable. Hints are stage 1's.
     */
    static long combine(long stage1, long stage2) {
        int sh = shareability(stage1, stage2);
        if ((stage2 & FORCED) != 0) {
            return consistent((long) forced(stage1 >>> 4) << 4 | forced(isDevice(stage1) ? 0 : stage1), sh);
        }
        if (isDevice(stage1) || isDevice(stage2)) {
            long type = !isDevice(stage1)
                    ? stage2 & 0xC
                    : !isDevice(stage2) ? stage1 & 0xC : Math.min(stage1 & 0xC, stage2 & 0xC);
            return consistent(type, sh);
        }
        long outer = weaker((int) stage1 >>> 4 & 0xF, (int) stage2 >>> 4 & 0xF);
        return consistent(outer << 4 | weaker((int) stage1 & 0xF, (int) stage2 & 0xF), sh);
    }

    /** A level made write-back: with its own hints, or as read- and write-allocate if it has none. */
    private static int forced(long attributes) {
        int nibble = (int) attributes & 0xF;
        boolean hints = nibble != 0 && nibble != NON_CACHEABLE;
        return hints ? nibble(2, nibble & ALLOCATE, isTransient(nibble)) : WRITE_BACK;
    }

    private static int weaker(int first, int second) {
        return nibble(Math.min(strength(first), strength(second)), first & ALLOCATE, isTransient(first));
    }

    /** 0 non-cacheable, 1 write-through, 2 write-back. */
    private static int strength(int nibble) {
        if (nibble == NON_CACHEABLE) {
            return 0;
        }
        return (nibble & BACK) == 0 ? 1 : 2;
    }

    private static boolean isTransient(int nibble) {
        return (nibble & NON_TRANSIENT) == 0;
    }

    /** A level of some strength and hints; what allocates nothing is not transient (§13.1.7). */
    private static int nibble(int strength, int allocate, boolean passing) {
        if (strength == 0) {
            return NON_CACHEABLE;
        }
        return (strength == 2 ? BACK : 0) | allocate | (passing && allocate != 0 ? 0 : NON_TRANSIENT);
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
