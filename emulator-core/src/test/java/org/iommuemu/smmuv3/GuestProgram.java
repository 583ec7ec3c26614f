// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.SplittableRandom;
import org.iommuemu.memory.PhysicalMemory;

/**
 * Memory as a guest might fill it that means well half of the time: eight STEs, and a region of pages that are CDs and tables
 * of either stage at once, as they point to one another at random. Layouts are those of the fact sheet's sections 2.2, 3.2 and
 * 4.4.
 */
final class GuestProgram {
    static final int STREAMS = 8;
    static final long STREAM_TABLE = 0x8_0000;
    static final long REGION = 0x10_0000;

    private static final int PAGES = 24;
    private static final int[] TG1_OF_TG0 = {2, 3, 1};

    private final SplittableRandom random;
    private final PhysicalMemory memory;
    private long last;

    GuestProgram(SplittableRandom random, PhysicalMemory memory) {
        this.random = random;
        this.memory = memory;
    }

    /** Descriptors everywhere. */
    void fillTables() {
        for (long at = REGION; at < REGION + PAGES * 0x1000L; at += 8) {
            memory.writeLong(at, descriptor());
        }
    }

    /** Other STEs and CDs, some of them with a bit flipped, and a few other descriptors. */
    void rewrite() {
        for (int i = 0; i < 100; i++) {
            memory.writeLong(REGION + random.nextInt(PAGES * 512) * 8L, descriptor());
        }
        for (int stream = 0; stream < STREAMS; stream++) {
            writeSte(stream);
        }
        for (int stream = 0; stream < STREAMS; stream++) {
            long cd = memory.readLong(STREAM_TABLE + stream * 64L) & 0xF_FFFF_FFC0L;
            for (int i = 0; i < 4; i++) {
                writeCd(cd + 64L * i);
            }
        }
    }

    private void writeSte(int stream) {
        long at = STREAM_TABLE + stream * 64L;
        // V, Config 0b100 to 0b111, S1Fmt, S1ContextPtr; a third have substreams (S1CDMax).
        memory.writeLong(at, 1 | (4 + below(4)) << 1 | below(4) << 4 | page() | (oneIn(3) ? below(9) : 0) << 59);
        // S1DSS, MEV; EATS and STRW now and then.
        memory.writeLong(at + 8, below(4) | bit(19) | (oneIn(2) ? 1L << 28 : 0) | (oneIn(8) ? below(16) << 28 : 0));
        int granule = random.nextInt(3);
        // A start at the second level from below suits these sizes; others are mostly inconsistent.
        boolean suits = !oneIn(6);
        int size = suits ? new int[] {25, 22, 28}[granule] + random.nextInt(9) : 12 + random.nextInt(40);
        long stage2 = stream + 1L | (long) size << 32 | (suits ? 1 : below(4)) << 38 | (long) granule << 46;
        // S2PS 48 bits or any, S2AA64, S2AFFD, S2PTW, {S2HA, S2HD}, S2S, S2R.
        stage2 |= (oneIn(6) ? below(8) : 5) << 48 | 1L << 51 | bit(53) | (oneIn(5) ? 1L << 54 : 0) | below(4) << 55;
        memory.writeLong(at + 16, stage2 | (oneIn(4) ? 1L << 57 : 0) | (oneIn(5) ? 0 : 1L << 58));
        memory.writeLong(at + 24, page() & (granule == 1 ? -0x1_0000L : -1L) | (oneIn(4) ? 8 : 0));
        if (oneIn(4)) {
            flip(at, 4);
        }
    }

    private void writeCd(long at) {
        int granule = random.nextInt(3);
        int lower = oneIn(3) ? 12 + random.nextInt(36) : 34 + random.nextInt(6);
        int upper = oneIn(3) ? 12 + random.nextInt(36) : 34 + random.nextInt(6);
        // T0SZ, TG0, EPD0, T1SZ, TG1, EPD1, V, IPS 48 bits, AFFD, WXN, TBI0 and TBI1, PAN, AA64.
        long word0 = lower | (long) granule << 6 | (oneIn(8) ? 1L << 14 : 0) | (long) upper << 16;
        word0 |= (long) TG1_OF_TG0[granule] << 22 | bit(30) | 1L << 31 | 5L << 32 | bit(35);
        word0 |= (oneIn(6) ? 1L << 36 : 0) | below(4) << 38 | (oneIn(6) ? 1L << 40 : 0) | 1L << 41;
        // {HA, HD}, S, R, A, ASET, ASID.
        word0 |= below(4) << 42 | (oneIn(3) ? 1L << 44 : 0) | 1L << 45 | (oneIn(4) ? 0 : 1L << 46) | bit(47);
        memory.writeLong(at, word0 | below(4) << 48);
        // TTB0 with HAD0 and HAFT, TTB1 with DS, MAIR.
        memory.writeLong(at + 8, page() | (oneIn(6) ? 2 : 0) | (oneIn(6) ? 8 : 0));
        memory.writeLong(at + 16, page() | (oneIn(4) ? 1L << 58 : 0));
        memory.writeLong(at + 24, random.nextLong());
        if (oneIn(4)) {
            flip(at, 4);
        }
    }

    private void flip(long structure, int words) {
        long at = structure + random.nextInt(words) * 8L;
        memory.writeLong(at, memory.readLong(at) ^ 1L << random.nextInt(64));
    }

    /** Mostly a table or page that points into the region, with all bits that make it usable; else with something missing. */
    private long descriptor() {
        long to = oneIn(10) ? 0x8000_0000L + (random.nextLong() & 0xF_FFFF_F000L) : page();
        long type = oneIn(10) ? below(4) : oneIn(5) ? 1 : 3;
        // AF, SH, AP or S2AP, AttrIndx or MemAttr.
        long attributes = oneIn(10) ? below(1024) << 2 : 0x7C4 ^ (oneIn(3) ? 0x80 : 0) ^ (oneIn(5) ? 0x400 : 0);
        long upper = bit(51) | (oneIn(3) ? 1L << 52 : 0) | (oneIn(6) ? below(4096) << 52 : 0);
        long d = (oneIn(3) ? to & -0x1_0000L : to) | type | attributes | bit(11) | upper;
        return oneIn(20) ? Long.reverseBytes(d) : d;
    }

    /** The address of a page of the region. */
    long page() {
        return REGION + random.nextInt(PAGES) * 0x1000L;
    }

    /** An address that a stream might use: low, high, one of the region, or the same page as before. */
    long address() {
        if (oneIn(3)) {
            return last ^ below(0x1000);
        }
        last = anotherAddress();
        return last;
    }

    private long anotherAddress() {
        if (oneIn(4)) {
            return page() + below(0x1000);
        }
        long address = random.nextLong() & (1L << 12 + random.nextInt(24)) - 1;
        long high = oneIn(3) ? -1L << 24 + random.nextInt(16) : 0;
        return (address | high) ^ (oneIn(8) ? below(256) << 56 : 0);
    }

    boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    long below(int bound) {
        return random.nextInt(bound);
    }

    private long bit(int position) {
        return below(2) << position;
    }
}
