// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EntryTagTest {
    @Test
    void shouldBeLaidOutAsDocumented() {
        assertThat(EntryTag.of(0x1234_5678L, 12, 0, false)).isEqualTo(0x1234_500CL);
        assertThat(EntryTag.of(0x1234_5678L, 12, 0, true)).isEqualTo(0x1234_504CL);
        assertThat(EntryTag.of(0x1234_5678L, 16, 3, false)).isEqualTo(0x1234_0190L);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldGiveBackWhatWasPutIn(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 5_000; i++) {
            long address = random.nextLong();
            int shift = random.nextInt(12, 64);
            int granule = random.nextInt(4);
            boolean global = random.nextBoolean();
            BigInteger size = BigInteger.TWO.pow(shift);
            BigInteger first =
                    BigInteger.valueOf(address).divideAndRemainder(size)[0].multiply(size);
            if (first.compareTo(BigInteger.valueOf(address)) > 0) {
                first = first.subtract(size);
            }

            long tag = EntryTag.of(address, shift, granule, global);

            assertThat(EntryTag.shift(tag)).isEqualTo(shift);
            assertThat(EntryTag.granuleCode(tag)).isEqualTo(granule);
            assertThat(EntryTag.isGlobal(tag)).isEqualTo(global);
            assertThat(EntryTag.first(tag)).isEqualTo(first.longValue());
            assertThat(EntryTag.last(tag))
                    .isEqualTo(first.add(size).subtract(BigInteger.ONE).longValue());
        }
    }

    @Test
    void shouldGiveEveryMixtureAClassOfItsOwn() {
        Set<Integer> seen = new HashSet<>();
        for (int granule = 0; granule < 4; granule++) {
            for (int shift = 12; shift < 64; shift++) {
                seen.add(EntryTag.classOf(EntryTag.of(-1L, shift, granule, false)));
                seen.add(EntryTag.classOf(EntryTag.of(-1L, shift, granule, true)));
            }
        }
        assertThat(seen).hasSize(4 * 52 * 2).allMatch(c -> c >= 0 && c < EntryTag.CLASSES);
    }

    @Test
    void shouldTellTheGranuleOfAClass() {
        int entryClass = EntryTag.classOf(EntryTag.of(0xABCD_0000L, 16, 2, true));

        assertThat(EntryTag.granuleCode(entryClass)).isEqualTo(2);
    }

    @Test
    void shouldBeEqualForAllAddressesOfAnEntry() {
        assertThat(EntryTag.of(0x20_0000, 21, 0, false)).isEqualTo(EntryTag.of(0x3F_FFFF, 21, 0, false));
        assertThat(EntryTag.of(0x20_0000, 21, 0, false)).isNotEqualTo(EntryTag.of(0x40_0000, 21, 0, false));
    }

    @Test
    void shouldDifferBySizeGranuleAndSharing() {
        long tag = EntryTag.of(0, 12, 0, false);

        assertThat(EntryTag.of(0, 21, 0, false)).isNotEqualTo(tag);
        assertThat(EntryTag.of(0, 12, 1, false)).isNotEqualTo(tag);
        assertThat(EntryTag.of(0, 12, 0, true)).isNotEqualTo(tag);
    }
}
