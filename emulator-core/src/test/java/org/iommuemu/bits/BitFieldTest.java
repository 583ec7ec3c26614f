// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigInteger;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class BitFieldTest {
    private static final int FIELDS = 2_000;
    private static final BigInteger WORD = BigInteger.ONE.shiftLeft(64);

    @ParameterizedTest(name = "{0}:{1}")
    @CsvSource({"0, 1", "63, 64", "64, 63", "-1, -1", "3, -1", "127, 63", "128, 127"})
    void shouldRefuseARangeThatIsEmptyNegativeOrCrossesAWord(int msb, int lsb) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BitField.of("F", msb, lsb))
                .withMessageContaining("F " + msb + ":" + lsb);
    }

    @Test
    void shouldRefuseANegativeBit() {
        assertThatIllegalArgumentException().isThrownBy(() -> BitField.bit("V", -1));
    }

    @Test
    void shouldSayWhereItIs() {
        BitField f = BitField.of("S2VMID", 143, 128);

        assertThat(f.lsb()).isEqualTo(128);
        assertThat(f.msb()).isEqualTo(143);
        assertThat(f.width()).isEqualTo(16);
        assertThat(f.word()).isEqualTo(2);
        assertThat(f.shift()).isZero();
        assertThat(f.mask()).isEqualTo(0xFFFF);
        assertThat(f.address()).isFalse();
    }

    @Test
    void shouldTakeASingleBitForAFieldOfWidthOne() {
        BitField f = BitField.bit("V", 63);

        assertThat(f.msb()).isEqualTo(63);
        assertThat(f.width()).isEqualTo(1);
        assertThat(f.get(Long.MIN_VALUE)).isEqualTo(1);
    }

    @Test
    void shouldHoldAWholeWord() {
        BitField f = BitField.of("MAIR", 255, 192);

        assertThat(f.mask()).isEqualTo(-1L);
        assertThat(f.get(-2L)).isEqualTo(-2L);
        assertThat(f.set(0, -3L)).isEqualTo(-3L);
    }

    @Test
    void shouldGiveAnAddressInPlace() {
        BitField f = BitField.address("S1ContextPtr", 51, 6);

        assertThat(f.address()).isTrue();
        assertThat(f.inPlace(0xFFF8_0000_8000_103FL)).isEqualTo(0x0008_0000_8000_1000L);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldAgreeWithIntegerArithmeticOnOneWord(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < FIELDS; i++) {
            BitField f = randomField(random, 1);
            long w = random.nextLong();
            long value = random.nextLong();
            BigInteger place = BigInteger.TWO.pow(f.lsb());
            BigInteger range = BigInteger.TWO.pow(f.width());
            BigInteger got = unsigned(w).divide(place).mod(range);
            BigInteger cut = unsigned(value).mod(range);

            assertThat(f.get(w)).as("%s get", f).isEqualTo(got.longValue());
            assertThat(f.isSet(w)).as("%s isSet", f).isEqualTo(got.signum() != 0);
            assertThat(f.inPlace(w))
                    .as("%s inPlace", f)
                    .isEqualTo(got.multiply(place).longValue());
            assertThat(f.of(value)).as("%s of", f).isEqualTo(cut.multiply(place).longValue());
            BigInteger replaced = unsigned(w).subtract(got.multiply(place)).add(cut.multiply(place));
            assertThat(f.set(w, value)).as("%s set", f).isEqualTo(replaced.longValue());
            if (f.width() < 32) {
                assertThat(f.getInt(w)).as("%s getInt", f).isEqualTo(got.intValueExact());
            }
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldAgreeWithIntegerArithmeticOnAWholeStructure(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < FIELDS; i++) {
            BitField f = randomField(random, 8);
            long[] words = random.longs(8).toArray();
            BigInteger structure = integer(words);
            long value = random.nextLong();
            BigInteger place = BigInteger.TWO.pow(f.lsb());
            BigInteger range = BigInteger.TWO.pow(f.width());
            BigInteger got = structure.divide(place).mod(range);

            assertThat(f.get(words)).as("%s get", f).isEqualTo(got.longValue());
            assertThat(f.isSet(words)).as("%s isSet", f).isEqualTo(got.signum() != 0);
            f.set(words, value);
            BigInteger cut = unsigned(value).mod(range);
            BigInteger replaced = structure.subtract(got.multiply(place)).add(cut.multiply(place));
            assertThat(integer(words)).as("%s set", f).isEqualTo(replaced);
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldReplaceAnAddressByItsOwnBits(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < FIELDS; i++) {
            BitField f = randomField(random, 3);
            long[] words = random.longs(3).toArray();
            long[] before = words.clone();
            long address = random.nextLong();

            f.setInPlace(words, address);

            for (int bit = 0; bit < 192; bit++) {
                boolean inField = bit >= f.lsb() && bit <= f.msb();
                boolean expected =
                        BigInteger.valueOf(inField ? address : before[bit / 64]).testBit(bit % 64);
                boolean actual = BigInteger.valueOf(words[bit / 64]).testBit(bit % 64);
                if (actual != expected) {
                    assertThat(actual).as("%s bit %d", f, bit).isEqualTo(expected);
                }
            }
            assertThat(f.inPlace(words)).isEqualTo(address & bits(f));
        }
    }

    private static long bits(BitField f) {
        long mask = 0;
        for (int bit = f.lsb(); bit <= f.msb(); bit++) {
            mask |= 1L << bit % 64;
        }
        return mask;
    }

    private static BitField randomField(SplittableRandom random, int words) {
        int word = random.nextInt(words) * 64;
        int a = random.nextInt(64);
        int b = random.nextInt(64);
        return BitField.of("F", word + Math.max(a, b), word + Math.min(a, b));
    }

    private static BigInteger unsigned(long value) {
        return BigInteger.valueOf(value).mod(WORD);
    }

    private static BigInteger integer(long[] words) {
        BigInteger all = BigInteger.ZERO;
        for (int i = words.length - 1; i >= 0; i--) {
            all = all.shiftLeft(64).add(unsigned(words[i]));
        }
        return all;
    }
}
