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
import org.iommuemu.iommu.timing.TimedFront;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.smmuv3.lint.SmmuLint;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever a guest writes into registers, structures, tables and queues, and whatever devices answer and when, nothing throws or
 * hangs, and every access ends: at once, or once after it has stalled.
 */
class GuestFuzzTest {
    private static final int OPERATIONS = 20_000;
    private static final long REGION = 0x10_0000;
    private static final long CDS = REGION + 0x1000;
    private static final long COMMANDS = REGION + 0x2000;
    private static final long EVENTS = REGION + 0x3000;
    private static final long TABLES = REGION + 0x5000;
    private static final int STREAMS = 8;

    static LongStream seeds() {
        String fixed = System.getProperty("seed");
        return fixed != null ? LongStream.of(Long.parseLong(fixed)) : LongStream.rangeClosed(1, 12);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldEndEveryAccessWithAVerdict(long seed) {
        run(seed, Front.NONE);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldBeTheSameMachineUnderALint(long seed) {
        assertThat(run(seed, Front.LINT)).isEqualTo(run(seed, Front.NONE));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldBeTheSameMachineInTime(long seed) {
        assertThat(run(seed, Front.TIME)).isEqualTo(run(seed, Front.NONE));
    }

    /** What stands before the machine. */
    private enum Front {
        NONE,
        LINT,
        TIME
    }

    /** Everything that came of the accesses and register reads, and what memory holds in the end, as a hash. */
    private static long run(long seed, Front front) {
        long outcome = 0;
        SplittableRandom random = new SplittableRandom(seed);
        try (PhysicalMemory memory = new PhysicalMemory()) {
            SmmuV3 machine = new SmmuV3(memory, features(random), caches(random), InterruptSink.NONE);
            SmmuLint lint = front == Front.LINT ? new SmmuLint(machine, memory) : null;
            Iommu smmu = lint != null ? lint : front == Front.TIME ? timed(machine, seed) : machine;
            RandomDevices devices = new RandomDevices(smmu, machine, random);
            smmu.connect(devices);
            memory.mark(REGION + 0x4000, 0x1000, RangeState.POISONED);
            for (int i = 0; i < OPERATIONS; i++) {
                switch (random.nextInt(18)) {
                    case 0 -> smmu.writeRegister(offset(random), random.nextBoolean() ? 4 : 8, value(random));
                    case 1 -> smmu.writeRegister(0x20, 4, random.nextInt(32));
                    case 2 -> memory.writeLong(place(random), value(random));
                    case 3 -> memory.writeLong(place(random), plausible(random));
                    case 4 -> outcome = outcome * 31 + smmu.readRegister(offset(random), 4);
                    case 5 -> memory.writeLong(place(random), command(random));
                    case 8, 9, 10 -> submit(smmu, memory, random);
                    case 11 -> writeStream(memory, random);
                    case 12 ->
                        memory.writeLong(
                                TABLES + random.nextInt(3) * 0x1000L + random.nextInt(64) * 8L, descriptor(random));
                    case 13 -> setUp(smmu, random);
                    case 6 -> devices.sendMessage();
                    case 7 -> devices.answerInvalidation();
                    default -> devices.access();
                }
                devices.check();
                if (random.nextInt(4096) == 0) {
                    reset(machine, lint);
                }
            }
            for (long at = REGION; at < REGION + 0x4000; at += 8) {
                outcome = outcome * 31 + memory.readLong(at);
            }
            return outcome * 31 + devices.outcome();
        }
    }

    private static Iommu timed(SmmuV3 machine, long seed) {
        TimedFront front = new TimedFront(machine, machine.unit(), machine::observe, seed, 0);
        machine.time(front.commands());
        return front;
    }

    private static void reset(SmmuV3 machine, @Nullable SmmuLint lint) {
        if (lint != null) {
            lint.reset();
        } else {
            machine.reset();
        }
    }

    /** Half of the time, only what is needed to go on after something has been written anywhere. */
    private static void setUp(Iommu smmu, SplittableRandom random) {
        if (random.nextBoolean()) {
            smmu.writeRegister(0x20, 4, 0);
            smmu.writeRegister(0x80, 8, REGION);
            smmu.writeRegister(0x88, 4, 6);
            smmu.writeRegister(0x90, 8, COMMANDS | 6);
            smmu.writeRegister(0xA0, 8, EVENTS | random.nextInt(4));
            smmu.writeRegister(0xC0, 8, EVENTS + 0x800 | random.nextInt(3));
        }
        smmu.writeRegister(0x9C, 4, smmu.readRegister(0x98, 4));
        smmu.writeRegister(0x100AC, 4, smmu.readRegister(0x100A8, 4));
        smmu.writeRegister(0x100CC, 4, smmu.readRegister(0x100C8, 4));
        smmu.writeRegister(0x64, 4, smmu.readRegister(0x60, 4));
        smmu.writeRegister(0x20, 4, 0x1F);
    }

    /** Puts a command into the queue, mostly where it belongs. */
    private static void submit(Iommu smmu, PhysicalMemory memory, SplittableRandom random) {
        long producer = smmu.readRegister(0x98, 4);
        long at = COMMANDS + (producer & 63) * 16;
        memory.writeLong(at, command(random));
        memory.writeLong(at + 8, random.nextInt(4) == 0 ? value(random) : random.nextInt(4));
        smmu.writeRegister(0x98, 4, producer + 1);
    }

    /** A stream with one or two stages that may well work. */
    private static void writeStream(PhysicalMemory memory, SplittableRandom random) {
        int n = random.nextInt(STREAMS);
        long ste = REGION + n * 64L;
        long cd = CDS + n * 64L;
        memory.writeLong(ste, 1 | (4L + random.nextInt(4)) << 1 | cd);
        memory.writeLong(ste + 8, (long) random.nextInt(3) << 28 | (long) random.nextInt(2) << 19);
        memory.writeLong(ste + 16, 24L << 32 | 1L << 38 | 5L << 48 | 1L << 51 | (long) random.nextInt(4) << 57);
        memory.writeLong(ste + 24, TABLES + random.nextInt(3) * 0x1000L);
        memory.writeLong(cd, 25 | 1L << 30 | 1L << 31 | 5L << 32 | 1L << 41 | (long) random.nextInt(8) << 44);
        memory.writeLong(cd + 8, TABLES + random.nextInt(3) * 0x1000L);
    }

    /** An entry of a table that leads to a table, or a page, or nowhere. */
    private static long descriptor(SplittableRandom random) {
        return random.nextInt(4) == 0 ? 0 : TABLES + random.nextInt(3) * 0x1000L | 0x7C3;
    }

    private static SmmuFeatures features(SplittableRandom random) {
        SmmuFeatures f = SmmuFeatures.full();
        // Half of the machines have narrower addresses, and 52-bit ones are tried too.
        long idr5 = f.idr5() & ~7L | (random.nextBoolean() ? 5 : random.nextInt(5));
        if (random.nextInt(3) == 0) {
            idr5 = idr5 & ~7L | 6 | 1 << 7 | 1 << 10;
        }
        // Some cannot stall, some must; some have neither ATS nor PRI, or no substreams.
        long idr0 = f.idr0() | (long) random.nextInt(3) << 24 | (long) random.nextInt(2) << 26;
        if (random.nextInt(4) == 0) {
            idr0 &= ~(1L << 10);
        }
        long idr1 = random.nextInt(4) == 0 ? f.idr1() & ~0x7C0L : f.idr1();
        idr5 = idr5 & 0xFFFF | 1L + random.nextInt(4) << 16;
        return new SmmuFeatures(idr0, idr1, f.idr3(), idr5, 0, 2);
    }

    private static CacheConfiguration caches(SplittableRandom random) {
        ReplacementPolicy[] policies = ReplacementPolicy.online().toArray(ReplacementPolicy[]::new);
        CacheGeometry g =
                new CacheGeometry(1 + random.nextInt(8), 1 + random.nextInt(8), policies[random.nextInt(6)], 1);
        return random.nextInt(4) == 0
                ? CacheConfiguration.none()
                : CacheConfiguration.uniform(g).withContiguousHonoured(random.nextBoolean());
    }

    static long offset(SplittableRandom random) {
        return random.nextInt(8) == 0
                ? random.nextInt()
                : random.nextInt(0x40) * 4L + (random.nextInt(4) == 0 ? 0x10000 : 0);
    }

    /** Small numbers, addresses in the region that everything lives in, or anything. */
    static long value(SplittableRandom random) {
        return switch (random.nextInt(5)) {
            case 0 -> random.nextInt(64);
            case 4 -> random.nextInt(0x4_0000);
            case 1 -> place(random) | random.nextInt(32);
            case 2 -> 1L << random.nextInt(64);
            default -> random.nextLong();
        };
    }

    static int value32(SplittableRandom random) {
        return random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(STREAMS + 1);
    }

    private static long place(SplittableRandom random) {
        return REGION + (random.nextInt(0x8000) & ~7L);
    }

    /** Words that look like STEs, CDs and descriptors, so that walks get somewhere. */
    private static long plausible(SplittableRandom random) {
        long page = place(random) & ~0xFFFL;
        return switch (random.nextInt(4)) {
            case 0 -> 1 | (long) (4 + random.nextInt(4)) << 1 | page | (long) random.nextInt(3) << 59;
            case 1 ->
                16 + random.nextInt(24)
                        | 1L << 31
                        | 5L << 32
                        | 1L << 41
                        | (long) random.nextInt(8) << 44
                        | random.nextLong() << 48;
            case 2 ->
                16L + random.nextInt(24) << 32
                        | (long) random.nextInt(16) << 38
                        | 5L << 48
                        | 1L << 51
                        | (long) random.nextInt(4) << 57;
            default -> page | 0x7C3 | (long) random.nextInt(4096) << 52;
        };
    }

    private static long command(SplittableRandom random) {
        int[] opcodes = {
            1, 3, 4, 5, 6, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x28, 0x2A, 0x30, 0x40, 0x41, 0x44, 0x44,
            0x45, 0x46
        };
        // SSV and Global, but never SSec; StreamIDs are small.
        long flags = (long) (random.nextInt(16) & 0xB) << 8 | random.nextLong() << 12 & 0xFFFF_FFFFL;
        return opcodes[random.nextInt(opcodes.length)] | flags | (long) random.nextInt(64) << 32;
    }
}
