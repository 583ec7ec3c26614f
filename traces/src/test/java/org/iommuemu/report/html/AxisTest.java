// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class AxisTest {
    private static List<String> texts(Axis a) {
        return a.ticks().stream().map(Axis.Tick::text).toList();
    }

    @Test
    void shouldExtendALinearAxisToWholeTicks() {
        assertThat(texts(Axis.linear("", 0, 67.3))).containsExactly("0", "20", "40", "60", "80");
        assertThat(texts(Axis.linear("", 0.0123, 0.031)))
                .containsExactly("0.010", "0.015", "0.020", "0.025", "0.030", "0.035");
        assertThat(texts(Axis.linear("", 0, 4_100_000))).containsExactly("0", "2 M", "4 M", "6 M");
        assertThat(texts(Axis.linear("", 0, 400_000))).containsExactly("0", "100 k", "200 k", "300 k", "400 k");
        assertThat(texts(Axis.linear("", 0, 0.0019))).containsExactly("0", "0.5 m", "1 m", "1.5 m", "2 m");
        assertThat(texts(Axis.linear("", 0, 0.00019))).containsExactly("0", "50 µ", "100 µ", "150 µ", "200 µ");
        assertThat(texts(Axis.linear("", -3, 3))).containsExactly("-4", "-2", "0", "2", "4");
    }

    @Test
    void shouldHaveALengthWhateverTheValues() {
        assertThat(Axis.linear("", 0, 0).high()).isEqualTo(1);
        assertThat(texts(Axis.linear("", 5, 5))).containsExactly("4", "6", "8", "10");
        assertThat(Axis.logarithmic("", 0, 0).at(1)).isEqualTo(1);
        assertThat(Axis.bytes("", 4096, 4096).high()).isEqualTo(8192);
    }

    @Test
    void shouldStandWhereTheLogarithmSays() {
        Axis a = Axis.logarithmic("", 10, 1000);

        assertThat(texts(a)).containsExactly("10", "100", "1,000");
        assertThat(a.at(100)).isCloseTo(0.5, within(1e-12));
        assertThat(texts(Axis.logarithmic("", 1, 1e9))).containsExactly("1", "100", "10,000", "1 M", "100 M");
        assertThat(a.at(1)).isZero();
        assertThat(a.at(5000)).isEqualTo(1);
        assertThat(texts(Axis.logarithmic("", 118, 551))).containsExactly("100", "200", "500", "1,000");
    }

    @Test
    void shouldMarkPowersOfTwoInBytes() {
        Axis a = Axis.bytes("", 256 << 10, 64 << 20);

        assertThat(texts(a)).containsExactly("256 KiB", "1 MiB", "4 MiB", "16 MiB", "64 MiB");
        assertThat(a.at(4 << 20)).isCloseTo(0.5, within(1e-12));
        assertThat(texts(Axis.bytes("", 100, 3000))).containsExactly("64 B", "256 B", "1 KiB", "4 KiB");
    }
}
