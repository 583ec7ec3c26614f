// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DigitsTest {
    private final Locale before = Locale.getDefault();

    @AfterEach
    void restore() {
        Locale.setDefault(before);
    }

    @Test
    void shouldBeTheSameInEveryLocale() {
        for (Locale l : new Locale[] {Locale.GERMANY, Locale.forLanguageTag("ar-EG"), Locale.forLanguageTag("hi-IN")}) {
            Locale.setDefault(l);

            assertThat(Digits.of(1_234_567L)).isEqualTo("1,234,567");
            assertThat(Digits.fixed(-1234.5, 2)).isEqualTo("-1,234.50");
            assertThat(Digits.of(12.3456)).isEqualTo("12.35");
            assertThat(Digits.percent(0.31204)).isEqualTo("31.20 %");
            assertThat(Digits.coordinate(1234.567)).isEqualTo("1234.57");
        }
    }

    @Test
    void shouldKeepFourDigitsAndEveryOneBeforeThePoint() {
        assertThat(Digits.of(0.0)).isEqualTo("0");
        assertThat(Digits.of(-0.00001)).isEqualTo("0");
        assertThat(Digits.of(0.5)).isEqualTo("0.5");
        assertThat(Digits.of(123_456.7)).isEqualTo("123,457");
        assertThat(Digits.of(100.0)).isEqualTo("100");
        assertThat(Digits.of(Double.NaN)).isEqualTo("–");
        assertThat(Digits.bytes(1536)).isEqualTo("1.5 KiB");
    }
}
