// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
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

/** Long tables: compressed, damaged, and read without garbage. */
class CsvStreamTest {
    @TempDir
    Path folder;

    @Test
    void shouldUnpackGzipAndZstd() throws IOException {
        final byte[] text = "a,b\n1,2\n".getBytes(StandardCharsets.UTF_8);

        assertThat(Rows.read(write("t.csv.gz", gzip(text)))).containsExactly("2:1|2");
        assertThat(Rows.read(write("t.csv.zst", Zstd.compress(text)))).containsExactly("2:1|2");
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

        assertThatThrownBy(() -> Rows.read(write("t.csv.gz", text))).hasMessageEndingWith("gzip file");
        assertThatThrownBy(() -> Rows.read(write("t.csv.zst", text))).hasMessageEndingWith("zstd file");
        assertThatThrownBy(() -> Rows.read(write("t.csv.gz", new byte[0]))).hasMessageEndingWith("gzip file");
    }

    @Test
    void shouldNameTheFileWhenCompressedDataIsDamaged() throws IOException {
        final byte[] gzip = gzip(rows(50_000).getBytes(StandardCharsets.UTF_8));
        Arrays.fill(gzip, gzip.length / 2, gzip.length / 2 + 200, (byte) 0xa5);

        assertThatThrownBy(() -> Rows.read(write("t.csv.gz", gzip)))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(folder.resolve("t.csv.gz").toString());
    }

    @Test
    void shouldReadRowsWithoutAllocating() {
        try (CsvTable table = CsvTable.open(csv(rows(200_000)))) {
            final CsvRow row = table.row();
            sum(table, row, 20_000);
            final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

            final long before = threads.getCurrentThreadAllocatedBytes();
            sum(table, row, 100_000);
            final long allocated = threads.getCurrentThreadAllocatedBytes() - before;

            assertThat(allocated).as("bytes for 100,000 rows").isLessThan(100_000);
        }
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

        assertThat(Rows.read(csv(text.toString()))).as("seed " + seed).isEqualTo(expected);
    }

    @Test
    void shouldRefuseARowLongerThanTheLimit() {
        assertThatThrownBy(() -> Rows.read(csv("a\n1\n" + "x".repeat(CsvScanner.MAX_ROW_BYTES + 100))))
                .hasMessageContaining(":3: the row is longer than");
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

        assertThatThrownBy(() -> Rows.readInto(rows, file))
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

    private static byte[] gzip(byte[] text) throws IOException {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text);
        }
        return bytes.toByteArray();
    }

    private Path csv(String text) {
        return write("t.csv", text.getBytes(StandardCharsets.UTF_8));
    }

    private Path write(String name, byte[] bytes) {
        try {
            return Files.write(folder.resolve(name), bytes);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
