// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryAndRegistersTest {
    @TempDir
    Path temp;

    private CaptureFolder capture;

    @BeforeEach
    void makeFolder() {
        capture = CaptureFolder.in(temp);
    }

    @Test
    void shouldReadTheAddressesOfThePages() {
        final MemoryPages memory = MemoryPages.read(temp);

        assertThat(memory.file()).isEqualTo(capture.file("memory.bin"));
        assertThat(memory.pageSize()).isEqualTo(4096);
        assertThat(memory.addresses()).containsExactly(0x1000, 0x5000);
    }

    @Test
    void shouldSayHowManyBytesAreMissingOrTooMany() {
        capture.with("memory.bin", new byte[8191]);
        assertThatThrownBy(() -> MemoryPages.read(temp))
                .isInstanceOf(InputException.class)
                .hasMessage(capture.file("memory.bin")
                        + ": truncated: has 8191 bytes; expected 8192 bytes, 2 pages of 4096");

        capture.with("memory.bin", new byte[8193]);
        assertThatThrownBy(() -> MemoryPages.read(temp)).hasMessageContaining(": too long: has 8193 bytes;");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {"addresses": []}                                         | no 'page_size'
                    {"page_size": 4096}                                       | no 'addresses'
                    {"page_size": 2048, "addresses": []}                      | page_size is 2048
                    {"page_size": 12288, "addresses": []}                     | page_size is 12288
                    {"page_size": "x", "addresses": []}                       | page_size is "x"
                    {"page_size": 4096.5, "addresses": []}                    | page_size is 4096.5
                    {"page_size": 4096, "addresses": {}}                      | addresses is an object
                    {"page_size": 4096, "addresses": ["0x1001"]}              | addresses[0] is 0x1001
                    {"page_size": 4096, "addresses": ["0x10000000000000"]}    | addresses[0] is 0x10000000000000
                    {"page_size": 4096, "addresses": ["0xfffffffffffff000"]}  | addresses[0] is 0xfffffffffffff000
                    {"page_size": 4096, "addresses": ["0x0", "-0x1000"]}      | addresses[1] is "-0x1000"
                    {"page_size": 4096, "addresses": ["0x0", null]}           | addresses[1] is null
                    {"page_size": 4096, "addresses": ["0x1000", "4096"]}      | 0x1000 appears twice
                    {"page_size": 4096, "addresses": ["0x0"], "pages": 2}     | pages is 2
                    []                                                        | holds an array
                    """)
    void shouldNameFileAndFieldWhenTheIndexIsWrong(String json, String problem) {
        capture.with("memory.json", json);

        assertThatThrownBy(() -> MemoryPages.read(temp))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(capture.file("memory.json") + ": " + problem)
                .hasMessageContaining("; expected ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\n\"page_size\": 4096,\n\"addresses\": [\"0x0\",\n",
                "{\n\n\"page_size\": 4096,\n oops}",
                "{\n\n\n}\n}",
                "{\n\n\n\"a\": 1, \"a\": 2}"
            })
    void shouldNameTheLineWhenJsonIsMalformed(String json) {
        capture.with("memory.json", json);

        assertThatThrownBy(() -> MemoryPages.read(temp)).satisfies(e -> {
            assertThat(e).isInstanceOf(InputException.class);
            assertThat(e.getMessage())
                    .matches("\\Q" + capture.file("memory.json")
                            + "\\E:[45]: not JSON: .* \\(column \\d+\\); expected valid JSON")
                    .doesNotContain("\n");
        });
    }

    @Test
    void shouldRefuseAnEmptyJsonFile() {
        capture.with("memory.json", "");

        assertThatThrownBy(() -> MemoryPages.read(temp))
                .hasMessage(capture.file("memory.json") + ": holds nothing; expected a JSON object");
    }

    @Test
    void shouldJoinTwoWordsToA64BitRegister() {
        registers("""
                {"offset": "0x8", "name": "CAP", "size": 4, "value": "0x82260206"},
                {"offset": "0xc", "name": "CAP_HI", "size": 4, "value": "0xf0d2008c"},
                {"offset": "0x10", "size": 8, "value": "0x0000000500000006"}""");

        final RegisterValues registers = RegisterValues.read(temp);

        assertThat(registers.device()).isEqualTo("VT-d");
        assertThat(registers.mmioBase()).hasValue(0xfed90000L);
        assertThat(registers.list()).hasSize(3).first().isEqualTo(new RegisterValue(8, "CAP", 4, 0x82260206L));
        assertThat(registers.get32(8)).hasValue(0x82260206L);
        assertThat(registers.get64(8)).hasValue(0xf0d2008c82260206L);
        assertThat(registers.get32(0x14)).hasValue(5);
        assertThat(registers.get64(0x10)).hasValue(0x500000006L);
        assertThat(registers.get32(0x18)).isEmpty();
        assertThat(registers.get64(0x14)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {"offset": "0x2", "size": 4, "value": "0x0"}           | registers[1].offset is "0x2"
                    {"offset": "0x0", "size": 4, "value": "0x0"}           | registers[1].offset is "0x0"
                    {"offset": "0x8", "size": 2, "value": "0x0"}           | registers[1].size is 2
                    {"offset": "0x8", "size": 6, "value": "0x0"}           | registers[1].size is 6
                    {"offset": "0x8", "size": 4, "value": "0x100000000"}   | registers[1].value is "0x100000000"
                    {"offset": "0x8", "size": 8, "value": "0x1000000000000000f"} | registers[1].value is
                    {"offset": "0x8", "size": 4}                           | no 'registers[1].value'
                    {"offset": "0x8", "size": 4, "value": "0x0", "name": 1} | registers[1].name is 1
                    5                                                      | registers[1] is a single value
                    """)
    void shouldNameFileAndFieldWhenARegisterIsWrong(String register, String problem) {
        registers("{\"offset\": \"0x0\", \"size\": 4, \"value\": \"0x0\"}, " + register);

        assertThatThrownBy(() -> RegisterValues.read(temp))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(capture.file("registers.json") + ": " + problem)
                .hasMessageContaining("; expected ");
    }

    private void registers(String entries) {
        capture.with(
                "registers.json",
                "{\"device\": \"VT-d\", \"mmio_base\": \"0xfed90000\", \"registers\": [" + entries + "]}");
    }
}
