// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
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
        assertThatThrownBy(() -> readAll(csv("a,b\n1,2\n3\n")))
                .hasMessage(folder.resolve("t.csv") + ":3: the row has 1 field; expected 2, as many as the header");
        assertThatThrownBy(() -> readAll(csv("a,b\n1,2,3\n"))).hasMessageContaining(":2: the row has 3 fields;");
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
        assertThat(readAll(csv("\uFEFFa,b\r\n1,2\r\n\r\n\n3,4"))).containsExactly("2:1|2", "5:3|4");
    }

    @Test
    void shouldUndoQuotes() {
        assertThat(readAll(csv("a,b\n\"1,2\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"\"\r\nx,y\n")))
                .containsExactly("2:1,2|say \"hi\"", "3:two\nlines|", "5:x|y");
    }

    @Test
    void shouldNameTheLineWhenAQuoteIsMisplaced() {
        assertThatThrownBy(() -> readAll(csv("a,b\n1,2\n3,4\"5\n")))
                .hasMessageContaining("t.csv:3: a quote inside an unquoted field");
        assertThatThrownBy(() -> readAll(csv("a,b\n\"1\"2,3\n")))
                .hasMessageContaining(":2: text after a closing quote");
        assertThatThrownBy(() -> readAll(csv("a,b\n1,2\n\"3,4\n5,6\n")))
                .hasMessageContaining(":3: a quoted field is never closed");
        assertThatThrownBy(() -> readAll(csv("a,b\n1,\""))).hasMessageContaining(":2: a quoted field is never closed");
    }

    @Test
    void shouldRefuseARowLongerThanTheLimit() {
        assertThatThrownBy(() -> readAll(csv("a\n1\n" + "x".repeat(CsvScanner.MAX_ROW_BYTES + 100))))
                .hasMessageContaining(":3: the row is longer than");
    }

    @Test
    void shouldReadRowsOfAnyLengthAcrossBufferBoundaries() {
        final long seed = 42;
        final Random random = new Random(seed);
        final StringBuilder text = new StringBuilder("a,b\n");
        final List<String> expected = new ArrayList<>();
        int line = 2;
        for (int i = 0; i < 300; i++) {
            final String a = "q\"\n".repeat(random.nextInt(i % 50 == 0 ? 40_000 : 200));
            final String b = "z".repeat(random.nextInt(3000));
            text.append('"')
                    .append(a.replace("\"", "\"\""))
                    .append("\",")
                    .append(b)
                    .append('\n');
            expected.add(line + ":" + a + "|" + b);
            line += 1 + a.length() / 3;
        }

        assertThat(readAll(csv(text.toString()))).as("seed " + seed).isEqualTo(expected);
    }

    @Test
    void shouldUnpackGzipAndZstd() throws IOException {
        final byte[] text = "a,b\n1,2\n".getBytes(StandardCharsets.UTF_8);

        assertThat(readAll(write("t.csv.gz", gzip(text)))).containsExactly("2:1|2");
        assertThat(readAll(write("t.csv.zst", Zstd.compress(text)))).containsExactly("2:1|2");
    }

    @Test
    void shouldDeliverWholeRowsAndThenNameTheLineWhenACompressedFileIsTruncated() throws IOException {
        final byte[] text = rows(50_000).getBytes(StandardCharsets.UTF_8);
        final byte[] gzip = gzip(text);
        final byte[] zstd = Zstd.compress(text);

        assertTruncated(write("t.csv.gz", Arrays.copyOf(gzip, gzip.length / 2)), "a whole gzip file");
        assertTruncated(write("t.csv.zst", Arrays.copyOf(zstd, zstd.length - 4)), "a whole zstd file");
    }

    @Test
    void shouldRefuseACompressedFileThatIsNone() {
        final byte[] text = "a,b\n1,2\n".getBytes(StandardCharsets.UTF_8);

        assertThatThrownBy(() -> readAll(write("t.csv.gz", text))).hasMessageEndingWith("gzip file");
        assertThatThrownBy(() -> readAll(write("t.csv.zst", text))).hasMessageEndingWith("zstd file");
        assertThatThrownBy(() -> readAll(write("t.csv.gz", new byte[0]))).hasMessageEndingWith("gzip file");
    }

    @Test
    void shouldNameTheFileWhenCompressedDataIsDamaged() throws IOException {
        final byte[] gzip = gzip(rows(50_000).getBytes(StandardCharsets.UTF_8));
        Arrays.fill(gzip, gzip.length / 2, gzip.length / 2 + 200, (byte) 0xa5);

        assertThatThrownBy(() -> readAll(write("t.csv.gz", gzip)))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(folder.resolve("t.csv.gz").toString());
    }

    @Test
    void shouldReadRowsWithoutAllocating() {
        try (CsvTable table = CsvTable.open(csv(rows(200_000)))) {
            final CsvRow row = table.row();
            sum(table, row, 20_000);
            final com.sun.management.ThreadMXBean threads =
                    (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
            final long thread = Thread.currentThread().getId();

            final long before = threads.getThreadAllocatedBytes(thread);
            sum(table, row, 100_000);
            final long allocated = threads.getThreadAllocatedBytes(thread) - before;

            assertThat(allocated).as("bytes for 100,000 rows").isLessThan(100_000);
        }
    }

    private static long sum(CsvTable table, CsvRow row, int rows) {
        long sum = 0;
        for (int i = 0; i < rows; i++) {
            assertThatRowFollows(table.next());
            sum += row.dec(0) + row.hex(1) + (row.is(1, "0x0") ? 1 : 0);
        }
        return sum;
    }

    private static void assertThatRowFollows(boolean follows) {
        if (!follows) {
            throw new AssertionError("the table ended early");
        }
    }

    private static void assertTruncated(Path file, String expected) {
        final List<String> rows = new ArrayList<>();

        assertThatThrownBy(() -> readInto(rows, file))
                .isInstanceOf(InputException.class)
                .hasMessage(file + ":" + (rows.size() + 2) + ": truncated: the compressed data ends here; expected "
                        + expected);
        assertThat(rows).isNotEmpty();
    }

    private static String rows(int count) {
        final Random random = new Random(1);
        final StringBuilder text = new StringBuilder("a,b\n");
        for (int i = 0; i < count; i++) {
            text.append(i)
                    .append(",0x")
                    .append(Long.toHexString(random.nextLong()))
                    .append('\n');
        }
        return text.toString();
    }

    private static List<String> readAll(Path file) {
        final List<String> rows = new ArrayList<>();
        readInto(rows, file);
        return rows;
    }

    private static void readInto(List<String> rows, Path file) {
        try (CsvTable table = CsvTable.open(file)) {
            while (table.next()) {
                final List<String> fields = new ArrayList<>();
                for (int i = 0; i < table.columns().size(); i++) {
                    fields.add(table.row().text(i));
                }
                rows.add(table.row().line() + ":" + String.join("|", fields));
            }
        }
    }

    private Path csv(String text) {
        return write("t.csv", text.getBytes(StandardCharsets.UTF_8));
    }

    private Path write(String name, byte[] bytes) {
        try {
            return Files.write(folder.resolve(name), bytes);
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static byte[] gzip(byte[] text) throws IOException {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text);
        }
        return bytes.toByteArray();
    }
}
