// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CsvTableTest {
    @TempDir
    Path folder;

    @Test
    void shouldGiveTheFieldsOfEachRow() {
        try (CsvTable table = CsvTable.open(csv("a,b,c\n0xfffffffffffff000,7,x\n0X1f,0x1F,\n"))) {
            final CsvRow row = table.row();

            assertThat(table.next()).isTrue();
            assertThat(row.hex(0)).isEqualTo(0xfffffffffffff000L);
            assertThat(row.dec(1)).isEqualTo(7);
            assertThat(row.number(1)).isEqualTo(7);
            assertThat(row.is(2, "x")).isTrue();
            assertThat(row.is(2, "xy")).isFalse();
            assertThat(row.line()).isEqualTo(2);

            assertThat(table.next()).isTrue();
            assertThat(row.hex(0)).isEqualTo(0x1f);
            assertThat(row.number(1)).isEqualTo(0x1f);
            assertThat(row.isEmpty(2)).isTrue();
            assertThat(row.text(2)).isEmpty();
            assertThat(row.line()).isEqualTo(3);

            assertThat(table.next()).isFalse();
            assertThat(table.next()).isFalse();
        }
    }

    @Test
    void shouldTreatAColumnThatTheFileLacksAsEmptyWhenItIsOptional() {
        try (CsvTable table = CsvTable.open(csv("a\n1\n"))) {
            final int pasid = table.optionalColumn("pasid");
            table.next();

            assertThat(pasid).isEqualTo(-1);
            assertThat(table.row().isEmpty(pasid)).isTrue();
            assertThat(table.row().text(pasid)).isEmpty();
        }
    }

    @Test
    void shouldNameTheColumnWhenTheHeaderLacksIt() {
        final Path file = csv("a,b\n1,2\n");

        assertThatThrownBy(() -> CsvTable.open(file, "a", "iova"))
                .isInstanceOf(InputException.class)
                .hasMessage(file + ":1: no column 'iova'; expected a header with it");
    }

    @Test
    void shouldRefuseAHeaderThatRepeatsAColumn() {
        final Path file = csv("a,b,a\n");

        assertThatThrownBy(() -> CsvTable.open(file)).hasMessageStartingWith(file + ":1: column 'a' appears twice");
    }

    @Test
    void shouldRefuseAnEmptyFile() {
        final Path file = csv("");

        assertThatThrownBy(() -> CsvTable.open(file)).hasMessageStartingWith(file + ":1: no header row");
    }

    @Test
    void shouldRefuseAMissingFileAndAFolder() {
        assertThatThrownBy(() -> CsvTable.open(folder.resolve("none.csv")))
                .hasMessageStartingWith(folder.resolve("none.csv") + ": does not exist");
        assertThatThrownBy(() -> CsvTable.open(folder)).hasMessageStartingWith(folder + ": is a folder");
    }

    @Test
    void shouldNameTheLineWhenARowHasTooFewOrTooManyFields() {
        assertThatThrownBy(() -> Rows.read(csv("a,b\n1,2\n3\n")))
                .hasMessage(folder.resolve("t.csv") + ":3: the row has 1 field; expected 2, as many as the header");
        assertThatThrownBy(() -> Rows.read(csv("a,b\n1,2,3\n"))).hasMessageContaining(":2: the row has 3 fields;");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0x", "1000", "0xg", "0x-1", "-0x1", "0x1 ", "0x10000000000000000", "x1"})
    void shouldNameFileAndLineWhenAHexadecimalNumberIsMalformed(String text) {
        try (CsvTable table = CsvTable.open(csv("iova,b\n0x0,1\n" + text + ",1\n"))) {
            table.next();
            table.next();

            assertThatThrownBy(() -> table.row().hex(0))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith(folder.resolve("t.csv") + ":3: iova is ")
                    .hasMessageEndingWith("; expected a hexadecimal number of at most 64 bits, such as 0x1000");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0x1", "-1", "+1", "1 ", "9223372036854775808", "1e3"})
    void shouldNameFileAndLineWhenADecimalNumberIsMalformed(String text) {
        try (CsvTable table = CsvTable.open(csv("size,b\n" + text + ",1\n"))) {
            table.next();

            assertThatThrownBy(() -> table.row().dec(0))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith(folder.resolve("t.csv") + ":2: size is ");
        }
    }

    @Test
    void shouldReadTheLargestNumbers() {
        try (CsvTable table =
                CsvTable.open(csv("a,b,c\n0x00ffffffffffffffff,9223372036854775807,0xFFFFFFFFFFFFFFFF\n"))) {
            table.next();

            assertThat(table.row().hex(0)).isEqualTo(-1L);
            assertThat(table.row().dec(1)).isEqualTo(Long.MAX_VALUE);
            assertThat(table.row().number(2)).isEqualTo(-1L);
        }
    }

    @Test
    void shouldRefuseValuesOutOfRangeOrUnaligned() {
        try (CsvTable table = CsvTable.open(csv("a,b\n0x10000000000001,2\n"))) {
            table.next();
            final CsvRow row = table.row();

            assertThat(row.hexBelow(0, 64)).isEqualTo(0x10000000000001L);
            assertThatThrownBy(() -> row.hexBelow(0, 52)).hasMessageEndingWith("expected a value below 2^52");
            assertThatThrownBy(() -> row.alignedBelow(0, 64, 8)).hasMessageEndingWith("expected a multiple of 8");
            assertThatThrownBy(() -> row.between(1, 3, 5)).hasMessageEndingWith("expected a number from 3 to 5");
            assertThatThrownBy(() -> row.flag(1)).hasMessageEndingWith("b is '2'; expected 0 or 1");
        }
    }

    @Test
    void shouldCutLongValuesAndControlCharactersOutOfMessages() {
        try (CsvTable table = CsvTable.open(csv("a,b\n\"" + "x\n\u001b".repeat(100) + "\",1\n"))) {
            table.next();

            assertThatThrownBy(() -> table.row().hex(0))
                    .satisfies(e -> assertThat(e.getMessage())
                            .contains("x\\x0a\\x1bx")
                            .doesNotContain("\n", "\u001b")
                            .hasSizeLessThan(400));
        }
    }

    @Test
    void shouldAcceptCarriageReturnsBlankLinesAByteOrderMarkAndAMissingLastNewline() {
        assertThat(Rows.read(csv("\uFEFFa,b\r\n1,2\r\n\r\n\n3,4"))).containsExactly("2:1|2", "5:3|4");
    }

    @Test
    void shouldTakeALineWithAHashForACommentWhateverIsInIt() {
        assertThat(Rows.read(csv("\uFEFF# \"one\", two\r\n#\"\na,b\n#,\"\n\"#1\",2\n3,\"4\"\n# last \"")))
                .containsExactly("5:#1|2", "6:3|4");
        try (CsvTable table = CsvTable.open(csv("\uFEFF# \"one\", two\r\n#\"\na,b\n"))) {
            assertThat(table.comments()).containsExactly("# \"one\", two", "#\"");
        }
    }

    @Test
    void shouldNameTheLineOfTheHeader() {
        assertThatThrownBy(() -> CsvTable.open(csv("# 1\n# 2\na,b,a\n"))).hasMessageContaining("t.csv:3: column 'a'");
        assertThatThrownBy(() -> CsvTable.open(csv("# 1\na\n"), "b")).hasMessageContaining("t.csv:2: no column 'b'");
        assertThatThrownBy(() -> CsvTable.open(csv("# 1\n# 2\n"))).hasMessageContaining("t.csv:3: no header row");
        assertThatThrownBy(() -> CsvTable.open(csv("# 1\n\na\n"))).hasMessageContaining("t.csv:2: no header row");
    }

    @Test
    void shouldUndoQuotes() {
        assertThat(Rows.read(csv("a,b\n\"1,2\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"\"\r\nx,y\n")))
                .containsExactly("2:1,2|say \"hi\"", "3:two\nlines|", "5:x|y");
    }

    @Test
    void shouldNameTheLineWhenAQuoteIsMisplaced() {
        assertThatThrownBy(() -> Rows.read(csv("a,b\n1,2\n3,4\"5\n")))
                .hasMessageContaining("t.csv:3: a quote inside an unquoted field");
        assertThatThrownBy(() -> Rows.read(csv("a,b\n\"1\"2,3\n")))
                .hasMessageContaining(":2: text after a closing quote");
        assertThatThrownBy(() -> Rows.read(csv("a,b\n1,2\n\"3,4\n5,6\n")))
                .hasMessageContaining(":3: a quoted field is never closed");
        assertThatThrownBy(() -> Rows.read(csv("a,b\n1,\"")))
                .hasMessageContaining(":2: a quoted field is never closed");
    }

    private Path csv(String text) {
        try {
            return Files.writeString(folder.resolve("t.csv"), text);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
