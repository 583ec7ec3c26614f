// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bits;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecodedFieldTest {
    private static final BitField FIELD = BitField.of("ASID", 63, 48);

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "9, 9", "10, 0xa", "255, 0xff", "65535, 0xffff"})
    void shouldShowSmallNumbersShortAndOthersInHexadecimal(long value, String text) {
        assertThat(new DecodedField(FIELD, value, "").text()).isEqualTo(text);
    }

    @Test
    void shouldShowAWholeWordUnsigned() {
        DecodedField all = new DecodedField(BitField.of("MAIR", 63, 0), -1L, "");

        assertThat(all.text()).isEqualTo("0xffffffffffffffff");
    }

    @Test
    void shouldShowAnAddressInPlace() {
        BitField pointer = BitField.address("TTB0", 64 + 51, 64 + 4);

        assertThat(new DecodedField(pointer, 0x8_0001_0L, "").text()).isEqualTo("0x8000100");
    }

    @Test
    void shouldShowAnAddressOfZeroShort() {
        assertThat(new DecodedField(BitField.address("TTB0", 51, 4), 0, "").text())
                .isEqualTo("0");
    }

    @Test
    void shouldAddTheMeaningInParentheses() {
        assertThat(new DecodedField(FIELD, 5, "stage 1").text()).isEqualTo("5 (stage 1)");
    }

    @Test
    void shouldNameTheBitsAsTheSpecificationsDo() {
        assertThat(new DecodedField(FIELD, 0, "").bits()).isEqualTo("63:48");
        assertThat(new DecodedField(BitField.bit("V", 64), 0, "").bits()).isEqualTo("64");
        assertThat(new DecodedField(BitField.of("pair", 66, 65), 0, "").bits()).isEqualTo("66:65");
    }
}
