// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.SplittableRandom;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;

/** What a {@link RandomGuest} writes and sends: entries, descriptors, addresses, sources; and where its structures lie. */
final class RandomWords {
    static final long REGION = 0x10_0000;
    private static final int PAGES = 16;
    static final long CONTEXTS = REGION + 0x1000;
    static final long DIRECTORY = REGION + 0x2000;
    static final long PASIDS = REGION + 0x3000;
    static final int TABLES = 4;
    static final int LAST_TABLE = 9;
    static final long QUEUE = REGION + 0xA000;
    static final long INTERRUPTS = REGION + 0xC000;
    static final long PAGE_REQUESTS = REGION + 0xD000;
    static final long POISONED = REGION + 0xF000;
    static final int QUEUE_BYTES = 0x1000;

    private final SplittableRandom random;

    RandomWords(SplittableRandom random) {
        this.random = random;
    }

    VtdFeatures features() {
        VtdFeatures f = random.nextBoolean() ? VtdFeatures.full() : VtdFeatures.monitored();
        long cap = f.cap() | random.nextInt(2) << 7;
        long ecap = f.ecap();
        long version = 0x10L << random.nextInt(3);
        if (random.nextInt(3) == 0) {
            // PSI, a guest address width, page sizes, fault records, ESRTPS; device TLBs, snoop control, scalable mode.
            cap &= ~(1L << 39 | 7L << 8 | 3L << 34 | 7L << 40 | 1L << 63) | random.nextLong() & 7L << 40 | 6L << 8;
            ecap &= ~(1L << 2 | 1L << 7 | 1L << 43) | random.nextLong() & ~(0x3FFL << 8);
        }
        return new VtdFeatures(random.nextBoolean() ? version : f.ver(), cap, ecap);
    }

    CacheConfiguration caches() {
        ReplacementPolicy[] policies = ReplacementPolicy.online().toArray(ReplacementPolicy[]::new);
        ReplacementPolicy policy = policies[random.nextInt(policies.length)];
        CacheGeometry g = new CacheGeometry(1 + random.nextInt(8), 1 + random.nextInt(8), policy, 1);
        return random.nextInt(4) == 0 ? CacheConfiguration.none() : CacheConfiguration.uniform(g);
    }

    long legacyContext(int word) {
        long tables = table(TABLES + random.nextInt(6));
        return word == 0 ? tables | 1 | random.nextInt(3) << 2 : 1 + random.nextInt(3) | random.nextInt(4) << 8;
    }

    /** The first word of an interrupt entry: remapped, or posted into what may be any word. */
    long interruptEntry(int vector) {
        long descriptor = place() & -0x40L;
        return random.nextInt(3) == 0
                ? 0x8001 | (long) vector << 16 | random.nextInt(2) << 14 | descriptor >>> 6 << 38
                : 1 | (long) vector << 16 | 0x100L << 32;
    }

    /** A counter's configuration, often one that can be enabled. */
    long counterConfiguration() {
        return 1L << 32 + random.nextInt(8) | random.nextInt(6) << 8 | random.nextInt(4) << 1;
    }

    long scalableContext(int word) {
        // P, sometimes FPD or HPTE, DTE, PASIDE, PRE.
        int odd = random.nextInt(16);
        return word == 0 ? DIRECTORY | 0x1D | (odd < 2 ? 2 : odd == 2 ? 0x20 : 0) : 0;
    }

    long pasidEntry(int word) {
        long tables = table(TABLES + random.nextInt(6));
        return switch (word) {
            case 0 -> tables | 1 | 1 + random.nextInt(3) << 2 | 1 + random.nextInt(4) << 6 | random.nextInt(2) << 9;
            case 1 -> random.nextInt(4) | (random.nextInt(4) == 0 ? 0 : 1 << 23);
            case 2 -> tables | random.nextInt(2) | random.nextInt(2) << 2 | random.nextInt(2) << 4;
            default -> 0;
        };
    }

    /** Tables point to each other and to themselves; some entries are leaves. */
    long entry() {
        long next = random.nextInt(8) == 0 ? place() & -0x1000L : table(TABLES + random.nextInt(6));
        long bits = random.nextInt(8) == 0 ? random.nextInt(0x1000) & ~0x880 : 7;
        long odd = random.nextInt(32) == 0 ? 1L << random.nextInt(64) : 0;
        return next | bits | odd;
    }

    static long table(int page) {
        return REGION + page * 0x1000L;
    }

    long word() {
        return random.nextInt(512) * 8L;
    }

    long place() {
        return REGION + random.nextInt(PAGES * 512) * 8L;
    }

    long value() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(64);
            case 1 -> place() & -0x1000L | random.nextInt(0x1000);
            case 2 -> 1L << random.nextInt(64);
            default -> random.nextLong();
        };
    }

    long offset() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt();
            case 1 -> 0x400 + random.nextInt(0x60) * 4L;
            default -> random.nextInt(0x40) * 4L;
        };
    }

    long good(boolean scalable) {
        int type = 1 + random.nextInt(scalable ? 9 : 5);
        long granularity = 1L + random.nextInt(3);
        return switch (type) {
            case 1, 2, 6, 7 -> type | granularity << 4 | (long) random.nextInt(4) << 16;
            case 5 -> 0x25 | 0x1234L << 32;
            case 8, 9 -> type | (long) random.nextInt(8) << 16;
            default -> type;
        };
    }

    int source() {
        return random.nextInt(16) == 0 ? random.nextInt() : random.nextInt(32);
    }

    int substream() {
        return random.nextInt(3) != 0 ? Transaction.NO_SUBSTREAM : random.nextInt(1 << random.nextInt(21));
    }

    long address() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextLong();
            case 1 -> 0xFEE0_0000L | random.nextInt(0x10_0000);
            case 2 -> random.nextLong() >> 17 + random.nextInt(10);
            default -> random.nextLong() >>> 64 - 39 + random.nextInt(20);
        };
    }
}
