// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * The stream table: two levels, of which the second is made for a bus when its first device comes; or linear, where there are no more
 * streams than one table of the second level has (IHI 0070 §3.3.1). Every stream is refused until it is described.
 */
final class SmmuStreamTable {
    private static final int SPLIT = 8;
    private static final int TWO_LEVEL = 1;
    /** A first level has 2^17 entries at most: 1 MiB. */
    private static final int MOST_BITS = 17 + SPLIT;

    private final PhysicalMemory memory;
    private final PageAllocator pages;
    private final boolean twoLevel;
    private final int bits;
    private final long[] refused;
    private final long base;

    /**
     * A table that refuses everything.
     *
     * @param whole whether it covers all StreamIDs, however large it is
     * @param refused first words of the entry of a stream that is refused
     */
    SmmuStreamTable(PhysicalMemory memory, PageAllocator pages, SmmuHardware hardware, boolean whole, long[] refused) {
        this.memory = memory;
        this.pages = pages;
        this.refused = refused.clone();
        twoLevel = hardware.hasTwoLevelStreams() && hardware.streamBits() > SPLIT;
        bits = twoLevel && !whole ? Math.min(MOST_BITS, hardware.streamBits()) : hardware.streamBits();
        long bytes = twoLevel ? (long) L1Std.BYTES << bits - SPLIT : (long) Ste.BYTES << bits;
        base = pages.allocate(bytes, bytes);
        if (!twoLevel) {
            refuse(base, 1L << bits);
        }
    }

    private void refuse(long at, long entries) {
        for (long i = 0; i < entries; i++) {
            for (int word = refused.length - 1; word >= 0; word--) {
                memory.writeLong(at + i * Ste.BYTES + (long) word * Long.BYTES, refused[word]);
            }
        }
    }

    /** STRTAB_BASE. */
    long baseRegister() {
        return Registers.STRTAB_RA.of(1) | Registers.STRTAB_ADDR.inPlace(base);
    }

    /** STRTAB_BASE_CFG. */
    long configRegister() {
        return twoLevel
                ? Registers.STRTAB_FMT.of(TWO_LEVEL)
                        | Registers.STRTAB_SPLIT.of(SPLIT)
                        | Registers.STRTAB_LOG2SIZE.of(bits)
                : Registers.STRTAB_LOG2SIZE.of(bits);
    }

    /** Refuses a StreamID that the table does not cover. */
    void check(int stream) {
        if (Integer.toUnsignedLong(stream) >>> bits != 0) {
            throw new IllegalArgumentException(String.format(
                    "the stream is 0x%x, expected one below 2^%d, which the stream table covers", stream, bits));
        }
    }

    /** Where a stream's entry is; its table is made if it does not exist. */
    long entry(int stream) {
        long index = Integer.toUnsignedLong(stream);
        if (!twoLevel) {
            return base + index * Ste.BYTES;
        }
        long first = base + (index >>> SPLIT) * L1Std.BYTES;
        if (memory.readLong(first) == 0) {
            long bytes = (long) Ste.BYTES << SPLIT;
            long table = pages.allocate(bytes, bytes);
            refuse(table, 1L << SPLIT);
            memory.writeLong(first, L1Std.L2_PTR.inPlace(table) | L1Std.SPAN.of(SPLIT + 1L));
        }
        return L1Std.L2_PTR.inPlace(memory.readLong(first)) + (index & (1 << SPLIT) - 1) * Ste.BYTES;
    }
}
