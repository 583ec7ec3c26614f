// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nanoseconds, cycles and rates as picoseconds and bytes. */
class UnitsTest {
    @ParameterizedTest
    @CsvSource({"0, 0", "280, 280000", "0.3333, 333", "0.3335, 334", "0.0005, 1", "0.00049, 0", "1e9, 1000000000000"})
    void shouldRoundNanosecondsToTheNearestPicosecond(BigDecimal nanoseconds, long expected) {
        assertThat(Picoseconds.ofNanoseconds(nanoseconds)).isEqualTo(expected);
    }

    @Test
    void shouldRefuseTimesThatAreNegativeOrTooLong() {
        assertThat(Picoseconds.ofNanoseconds(42)).isEqualTo(42_000);
        assertThat(Picoseconds.ofNanoseconds(new BigDecimal("9223372036854775.807")))
                .isEqualTo(Long.MAX_VALUE);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Picoseconds.ofNanoseconds(new BigDecimal("9223372036854775.808")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Picoseconds.ofNanoseconds(-1))
                .withMessage("-1 ns is outside 0..9223372036854775807 ps");
    }

    @ParameterizedTest
    @CsvSource({
        "1000000000, 3, 3000",
        "3000000000, 1, 333",
        "3000000000, 2, 667",
        "3000000000, 3, 1000",
        "2000000000000, 1, 1",
        "2000000000001, 1, 0",
        "1, 9223372, 9223372000000000000",
        "700000000, 0, 0"
    })
    void shouldRoundCyclesAllTogetherToTheNearestPicosecond(long hertz, long cycles, long expected) {
        assertThat(new ClockDomain("tcu", hertz).cycles(cycles)).isEqualTo(expected);
    }

    @Test
    void shouldRefuseClocksThatStandStillAndTimesOutOfRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ClockDomain("tcu", 0))
                .withMessage("clock tcu: 0 Hz is not positive");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ClockDomain("tcu", 1).cycles(9_223_373))
                .withMessageStartingWith("9223373 cycles of tcu");
        assertThatIllegalArgumentException().isThrownBy(() -> new ClockDomain("tcu", Long.MAX_VALUE).cycles(-1));
    }

    @Test
    void shouldKeepRatesInLowestTerms() {
        ByteRate gen3 = ByteRate.bitsPerSecond(8_000_000_000L).times(8, 1).times(128, 130);

        assertThat(gen3).isEqualTo(new ByteRate(64, 8125));
        assertThat(ByteRate.bytesPerSecond(25_600_000_000L)).isEqualTo(new ByteRate(16, 625));
        assertThat(gen3.timeOf(0)).isZero();
        assertThat(gen3.timeOf(1)).isEqualTo(127);
        assertThat(gen3.timeOf(64)).isEqualTo(8125);
        assertThat(gen3.timeOf(65)).isEqualTo(8252);
    }

    @Test
    void shouldRefuseRatesThatAreNoneOrTooFine() {
        assertThatIllegalArgumentException().isThrownBy(() -> new ByteRate(0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new ByteRate(1, -1));
        assertThatIllegalArgumentException().isThrownBy(() -> new ByteRate((1L << 41) + 1, 2));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ByteRate.bytesPerSecond(1).times(1, 10_007));
        assertThatThrownBy(() -> new ByteRate(1L << 40, 1).times((1L << 39) + 1, 3))
                .isInstanceOf(ArithmeticException.class);
    }
}
