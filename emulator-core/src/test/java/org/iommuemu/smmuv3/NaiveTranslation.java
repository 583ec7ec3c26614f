// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.function.LongUnaryOperator;
import org.iommuemu.memory.PhysicalMemory;

/**
 * Where the bits of an STE, a CD and their tables send an address: a reading of the fact sheet's tables in the plainest way, without
 * checks, permissions, caches or the model's layouts. It may name an address where the architecture refuses; where it names none,
 * nothing may be translated.
 */
final class NaiveTranslation {
    static final long NOWHERE = -1;

    private static final int[] GRANULE_0 = {12, 16, 14, 0};
    private static final int[] GRANULE_1 = {0, 14, 12, 16};
    /** Start level by S2TG and S2SL0; no small tables of 64K, no 52-bit addresses. */
    private static final int[][] START = {{2, 1, 0, 3}, {3, 2, 1, -1}, {3, 2, 1, -1}};

    private final PhysicalMemory memory;
    private final long ste;

    NaiveTranslation(PhysicalMemory memory, long ste) {
        this.memory = memory;
        this.ste = ste;
    }

    /** The physical address for an input without SubstreamID, or {@link #NOWHERE}. */
    long translate(long input) {
        long word0 = memory.readLong(ste);
        if ((word0 & 0b1001) != 0b1001) {
            return NOWHERE;
        }
        boolean stage1 = (word0 >>> 1 & 1) != 0;
        LongUnaryOperator second = (word0 >>> 2 & 1) != 0 ? this::stage2 : address -> address;
        if (!stage1) {
            return second.applyAsLong(input);
        }
        int cdMax = (int) (word0 >>> 59);
        long dss = memory.readLong(ste + 8) & 3;
        if (cdMax > 0 && dss != 2) {
            return dss == 1 ? second.applyAsLong(input) : NOWHERE;
        }
        long cd = contextDescriptor(word0, cdMax, second);
        long intermediate = cd == NOWHERE ? NOWHERE : stage1(cd, input, second);
        return intermediate == NOWHERE ? NOWHERE : second.applyAsLong(intermediate);
    }

    private long contextDescriptor(long word0, int cdMax, LongUnaryOperator second) {
        long pointer = word0 & bits(55, 6);
        long format = word0 >>> 4 & 3;
        if (cdMax == 0 || format == 0 || format == 3) {
            return second.applyAsLong(pointer & -(64L << cdMax));
        }
        int leafBits = format == 1 ? 6 : 10;
        long l1 = second.applyAsLong(pointer & -Math.max(64, cdMax > leafBits ? 8L << cdMax - leafBits : 8));
        if (l1 == NOWHERE || (memory.readLong(l1) & 1) == 0) {
            return NOWHERE;
        }
        return second.applyAsLong(memory.readLong(l1) & bits(55, 6 + leafBits));
    }

    private long stage1(long cd, long input, LongUnaryOperator second) {
        long word0 = memory.readLong(cd);
        boolean upper = (input >>> 55 & 1) != 0;
        int half = upper ? 16 : 0;
        if ((word0 >>> 31 & 1) == 0 || (word0 >>> 14 + half & 1) != 0) {
            return NOWHERE;
        }
        int inputBits = 64 - (int) (word0 >>> half & 0x3F);
        int granule = (upper ? GRANULE_1 : GRANULE_0)[(int) (word0 >>> 6 + half & 3)];
        boolean ignored = (word0 >>> (upper ? 39 : 38) & 1) != 0;
        long address = ignored ? input << 8 >> 8 : input;
        if (granule == 0 || address >> inputBits != (upper ? -1 : 0)) {
            return NOWHERE;
        }
        int start = 3 - (inputBits - 1 - granule) / (granule - 3);
        long base = memory.readLong(cd + (upper ? 16 : 8)) & bits(51, 4);
        return walk(base, granule, inputBits, start, (word0 >>> 15 & 1) != 0, second, address);
    }

    private long stage2(long intermediate) {
        long word2 = memory.readLong(ste + 16);
        int inputBits = 64 - (int) (word2 >>> 32 & 0x3F);
        int code = (int) (word2 >>> 46 & 3);
        int start = code == 3 ? -1 : START[code][(int) (word2 >>> 38 & 3)];
        if (start < 0 || intermediate >>> inputBits != 0) {
            return NOWHERE;
        }
        long base = memory.readLong(ste + 24) & bits(51, 4);
        boolean bigEndian = (word2 >>> 52 & 1) != 0;
        return walk(base, GRANULE_0[code], inputBits, start, bigEndian, address -> address, intermediate);
    }

    private long walk(
            long base,
            int granule,
            int inputBits,
            int start,
            boolean bigEndian,
            LongUnaryOperator locate,
            long address) {
        long input = address & (1L << inputBits) - 1;
        int startShift = shift(granule, start);
        long table = base & -(8L << Math.max(0, inputBits - startShift));
        for (int level = start; level <= 3; level++) {
            int shift = shift(granule, level);
            long index = level == start ? input >>> shift : input >>> shift & (1L << granule - 3) - 1;
            long at = locate.applyAsLong(table + index * 8);
            long descriptor = at == NOWHERE ? 0 : memory.readLong(at);
            descriptor = bigEndian ? Long.reverseBytes(descriptor) : descriptor;
            boolean block = (descriptor & 3) == 1 && level < 3;
            if ((descriptor & 1) == 0 || (descriptor & 3) == 1 && !block) {
                return NOWHERE;
            }
            if (block || level == 3) {
                return descriptor & bits(47, shift) | input & (1L << shift) - 1;
            }
            table = descriptor & bits(47, granule);
        }
        return NOWHERE;
    }

    private static int shift(int granule, int level) {
        return granule + (granule - 3) * (3 - level);
    }

    private static long bits(int msb, int lsb) {
        return (2L << msb) - (1L << lsb);
    }
}
