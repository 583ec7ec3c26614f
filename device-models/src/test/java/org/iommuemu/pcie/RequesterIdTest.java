// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequesterIdTest {
    @ParameterizedTest
    @CsvSource({"00:02.0, 0x10", "01:00.0, 0x100", "ff:1f.7, 0xffff", "0:0.1, 1", "3a:1c.5, 0x3ae5"})
    void shouldPackBusDeviceAndFunction(String text, String id) {
        assertThat(RequesterId.parse(text).id()).isEqualTo(Integer.decode(id));
        assertThat(RequesterId.of(Integer.decode(id))).isEqualTo(RequesterId.parse(text));
    }

    @Test
    void shouldPrintAsLspciDoes() {
        assertThat(RequesterId.of(0x10)).hasToString("00:02.0");
        assertThat(RequesterId.of(0xFFFF)).hasToString("ff:1f.7");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "00:02", "00:20.0", "00:02.8", "100:02.0", "0x10", "00:02.0 "})
    void shouldRejectWhatIsNoRequesterId(String text) {
        assertThatThrownBy(() -> RequesterId.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
