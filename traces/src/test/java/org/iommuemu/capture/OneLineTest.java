// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OneLineTest {
    @ParameterizedTest
    @CsvSource({
        "0x0, \\x00",
        "0xA, \\x0a",
        "0x1B, \\x1b",
        "0x7F, \\x7f",
        "0x9B, \\x9b",
        "0x2028, \\u2028",
        "0x202E, \\u202e",
        "0xD800, \\ud800",
        "0xFFFE, \\ufffe",
        "0xFFFF, \\uffff"
    })
    void shouldEscapeWhatBreaksALineOrDrivesATerminalOrIsNoXml(String code, String escaped) {
        assertThat(OneLine.of("a" + (char) (int) Integer.decode(code) + "b")).isEqualTo("a" + escaped + "b");
    }

    @Test
    void shouldKeepEverythingElse() {
        assertThat(OneLine.of("§5.2: ü → 😀, \\x")).isEqualTo("§5.2: ü → 😀, \\x");
    }
}
