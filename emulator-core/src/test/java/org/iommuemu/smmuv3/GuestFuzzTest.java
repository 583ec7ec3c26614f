// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.smmuv3.lint.SmmuLint;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a guest writes into registers, structures, tables and queues, nothing throws and every access ends. */
class GuestFuzzTest {
    private static final int OPERATIONS = 20_000;
    private static final long REGION = 0x10_0000;

    static LongStream seeds() {
        String fixed = System.getProperty("seed");
        return fixed != null ? LongStream.of(Long.parseLong(fixed)) : LongStream.rangeClosed(1, 12);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldEndEveryAccessWithAVerdict(long seed) {
        run(seed, false);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldBeTheSameMachineUnderALint(long seed) {
        assertThat(run(seed, true)).isEqualTo(run(seed, false));
    }

    /** Everything that came of the accesses and register reads, as a hash. */
    private static long run(long seed, boolean linted) {
        long outcome = 0;
        SplittableRandom random = new SplittableRandom(seed);
        try (PhysicalMemory memory = new PhysicalMemory()) {
            SmmuV3 machine = new SmmuV3(memory, features(random), caches(random), InterruptSink.NONE);
            Iommu smmu = linted ? new SmmuLint(machine, memory) : machine;
            memory.mark(REGION + 0x4000, 0x1000, RangeState.POISONED);
            Transaction t = new Transaction();
            Verdict v = new Verdict();
            for (int i = 0; i < OPERATIONS; i++) {
                switch (random.nextInt(10)) {
                    case 0 -> smmu.writeRegister(offset(random), random.nextBoolean() ? 4 : 8, value(random));
                    case 1 -> smmu.writeRegister(0x20, 4, random.nextInt(32));
                    case 2 -> memory.writeLong(place(random), value(random));
                    case 3 -> memory.writeLong(place(random), plausible(random));
                    case 4 -> outcome = outcome * 31 + smmu.readRegister(offset(random), 4);
                    case 5 -> memory.writeLong(place(random), command(random));
                    default -> {
                        int substream = random.nextInt(4) == 0 ? random.nextInt(1 << 20) : Transaction.NO_SUBSTREAM;
                        smmu.translate(t.set(value32(random), substream, value(random), random.nextInt(16)), v);
                        assertThat(v.isOk() ? v.rule() == null : v.rule() != null)
                                .isTrue();
                        assertThat(v.isOk() && v.address() >>> 52 != 0).isFalse();
                        outcome = outcome * 31
                                + (v.isOk()
                                        ? v.address()
                                        : String.valueOf(v.rule()).hashCode());
                    }
                }
            }
        }
        return outcome;
    }

    private static SmmuFeatures features(SplittableRandom random) {
        SmmuFeatures f = SmmuFeatures.full();
        // Half of the machines have narrower addresses, and 52-bit ones are tried too.
        long idr5 = f.idr5() & ~7L | (random.nextBoolean() ? 5 : random.nextInt(5));
        if (random.nextInt(3) == 0) {
            idr5 = idr5 & ~7L | 6 | 1 << 7 | 1 << 10;
        }
        return new SmmuFeatures(f.idr0(), f.idr1(), f.idr3(), idr5, 0, 2);
    }

    private static CacheConfiguration caches(SplittableRandom random) {
        ReplacementPolicy[] policies = ReplacementPolicy.values();
        CacheGeometry g =
                new CacheGeometry(1 + random.nextInt(8), 1 + random.nextInt(8), policies[random.nextInt(6)], 1);
        return random.nextInt(4) == 0
                ? CacheConfiguration.none()
                : CacheConfiguration.uniform(g).withContiguousHonoured(random.nextBoolean());
    }

    private static long offset(SplittableRandom random) {
        return random.nextInt(8) == 0
                ? random.nextInt()
                : random.nextInt(0x40) * 4L + (random.nextInt(4) == 0 ? 0x10000 : 0);
    }

    /** Small numbers, addresses in the region that everything lives in, or anything. */
    private static long value(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(64);
            case 1 -> place(random) | random.nextInt(32);
            case 2 -> 1L << random.nextInt(64);
            default -> random.nextLong();
        };
    }

    private static int value32(SplittableRandom random) {
        return random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(64);
    }

    private static long place(SplittableRandom random) {
        return REGION + (random.nextInt(0x8000) & ~7L);
    }

    /** Words that look like STEs, CDs and descriptors, so that walks get somewhere. */
    private static long plausible(SplittableRandom random) {
        long page = place(random) & ~0xFFFL;
        return switch (random.nextInt(4)) {
            case 0 -> 1 | (long) (4 + random.nextInt(4)) << 1 | page | (long) random.nextInt(3) << 59;
            case 1 -> 16 + random.nextInt(24) | 1L << 31 | 5L << 32 | 1L << 41 | 3L << 45 | random.nextLong() << 48;
            case 2 -> 16L + random.nextInt(24) << 32 | (long) random.nextInt(16) << 38 | 5L << 48 | 1L << 51 | 1L << 58;
            default -> page | 0x7C3 | (long) random.nextInt(4096) << 52;
        };
    }

    private static long command(SplittableRandom random) {
        int[] opcodes = {1, 3, 4, 5, 6, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x28, 0x2A, 0x30, 0x46};
        return opcodes[random.nextInt(opcodes.length)] | random.nextLong() << 12;
    }
}
