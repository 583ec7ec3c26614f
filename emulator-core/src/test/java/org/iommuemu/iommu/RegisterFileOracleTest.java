// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random accesses to random registers, and to three naive sets of bits. */
class RegisterFileOracleTest {
    private static final int STEPS = 5_000;
    private static final int BYTES = 128;

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldAgreeWithASetOfBitsAtEveryStep(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        BitSet values = new BitSet();
        BitSet writable = new BitSet();
        BitSet writeOneToClear = new BitSet();
        List<Register> map = new ArrayList<>();
        Layout none = Layout.builder("none", 1, "").build();
        for (int offset = 0; offset < BYTES; ) {
            int bytes = offset % 8 == 0 && random.nextBoolean() ? 8 : 4;
            if (random.nextInt(5) != 0) {
                long all = bytes == 8 ? -1L : 0xFFFF_FFFFL;
                long mask = random.nextInt(5) == 0 ? 0 : random.nextLong() & all;
                long w1c = random.nextInt(3) == 0 ? random.nextLong() & ~mask & all : 0;
                long reset = random.nextLong() & all;
                map.add(new Register("R" + offset, offset, bytes, reset, mask, w1c, none));
                put(values, offset, bytes, reset);
                put(writable, offset, bytes, mask);
                put(writeOneToClear, offset, bytes, w1c);
            }
            offset += bytes;
        }
        RegisterFile file = new RegisterFile(map);

        for (int step = 0; step < STEPS; step++) {
            int size = random.nextInt(12) == 0 ? random.nextInt(17) : random.nextBoolean() ? 4 : 8;
            int offset = random.nextInt(BYTES + 16) & (random.nextInt(8) == 0 ? -1 : -4);
            boolean legal = (size == 4 || size == 8) && offset % size == 0;
            if (random.nextBoolean()) {
                // Few ones, or every W1C bit would be gone after a few writes.
                long few = random.nextLong();
                long value = few & random.nextLong();
                file.write(offset, size, value);
                for (int bit = 0; legal && bit < size * 8; bit++) {
                    int at = offset * 8 + bit;
                    boolean one = BigInteger.valueOf(value).testBit(bit);
                    if (writable.get(at)) {
                        values.set(at, one);
                    } else if (writeOneToClear.get(at) && one) {
                        values.clear(at);
                    }
                }
            }
            assertThat(file.read(offset, size))
                    .as("step %d, %d bytes at %d", step, size, offset)
                    .isEqualTo(legal ? get(values, offset, size) : 0);
        }
        for (Register r : map) {
            assertThat(file.get(r)).as(r.name()).isEqualTo(get(values, r.offset(), r.bytes()));
        }
    }

    private static void put(BitSet bits, int offset, int bytes, long value) {
        for (int bit = 0; bit < bytes * 8; bit++) {
            bits.set(offset * 8 + bit, BigInteger.valueOf(value).testBit(bit));
        }
    }

    private static long get(BitSet bits, int offset, int bytes) {
        BigInteger value = BigInteger.ZERO;
        for (int bit = 0; bit < bytes * 8; bit++) {
            if (bits.get(offset * 8 + bit)) {
                value = value.setBit(bit);
            }
        }
        return value.longValue();
    }
}
