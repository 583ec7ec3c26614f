// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.iommuemu.bits.Seeds;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Fault case 116: registers written in any order, size and alignment, enables among them; held against {@link NaiveRegisters}. */
class RegisterOrderFuzzTest {
    private static final int WRITES = 20_000;

    static LongStream seeds() {
        return Seeds.some();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldTakeEachWriteAsTheSheetSaysWhateverCameBefore(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        NaiveRegisters naive = new NaiveRegisters();
        Map<Integer, Integer> reset = new HashMap<>();
        Transaction t = new Transaction();
        Verdict v = new Verdict();
        try (PhysicalMemory memory = new PhysicalMemory()) {
            SmmuV3 smmu = new SmmuV3(memory, features(), CacheConfiguration.standard(), InterruptSink.NONE);
            for (int offset : naive.offsets()) {
                reset.put(offset, (int) smmu.readRegister(offset, 4));
            }
            for (int i = 0; i < WRITES; i++) {
                long offset = offset(random);
                int size = 1 << random.nextInt(4);
                long value = value(random);

                smmu.writeRegister(offset, size, value);
                naive.write(offset, size, value);

                for (int each : naive.offsets()) {
                    int known = NaiveRegisters.known(each);
                    assertThat((int) smmu.readRegister(each, 4) & known)
                            .as("0x%x after write %d: %d bytes at 0x%x, 0x%x", each, i, size, offset, value)
                            .isEqualTo(naive.value(each, reset.get(each)) & known);
                }
                assertThat((int) smmu.readRegister(0x24, 4)).isEqualTo(naive.enables());
                assertThat((int) smmu.readRegister(0x54, 4)).isEqualTo(naive.interruptEnables());
                assertThat(smmu.readRegister(0x44, 4) >>> 31).as("GBPA.Update").isZero();
                assertThat(smmu.readRegister(offset | 1, size)).as("unaligned").isZero();
                smmu.translate(t.set(random.nextInt(8), Transaction.NO_SUBSTREAM, value, random.nextInt(8)), v);
                assertThat(v.isOk()).isEqualTo(v.rule() == null);
            }
        }
    }

    /** Everything but EL2, whose bit in CR2 is then 0 too. */
    private static SmmuFeatures features() {
        SmmuFeatures f = SmmuFeatures.full();
        return new SmmuFeatures(f.idr0() & ~(1L << 9), f.idr1(), f.idr3(), f.idr5(), 0, 2);
    }

    /** Mostly a register of pages 0 and 1, sometimes between or beside them. */
    private static long offset(SplittableRandom random) {
        return switch (random.nextInt(8)) {
            case 0 -> 0x20;
            case 1 -> 0x50;
            case 2 -> random.nextInt(0x1000);
            case 3 -> 0x10000 + random.nextInt(0x100);
            default -> random.nextInt(0x38) * 4L + (random.nextInt(4) == 0 ? random.nextInt(4) : 0);
        };
    }

    private static long value(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(32);
            case 1 -> 0;
            case 2 -> 1L << random.nextInt(64);
            default -> random.nextLong();
        };
    }
}
