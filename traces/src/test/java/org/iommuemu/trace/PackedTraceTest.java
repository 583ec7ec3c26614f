// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.iommuemu.capture.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The binary encoding in zstd: the same bytes inside, and damage said in one line. */
class PackedTraceTest {
    private static final int HEADER = 4096;
    private static final int RECORD = 40;
    private static final int RECORDS = 100_000;

    @TempDir
    private Path temp;

    private Path write(String name, int records) throws IOException {
        Path file = temp.resolve(name);
        try (TraceWriter out = TraceEncoding.of(file).create(file, "made by hand")) {
            DmaRecord r = new DmaRecord();
            long mixed = 1;
            for (int i = 0; i < records; i++) {
                mixed = mixed * 0x5851_F42D_4C95_7F2DL + 1;
                out.write(r.set(i, TraceKind.READ_DMA, i & 3, mixed >>> 16, 64));
            }
        }
        return file;
    }

    private static byte[] unpacked(Path file) throws IOException {
        try (InputStream in = new ZstdInputStream(new ByteArrayInputStream(Files.readAllBytes(file)))) {
            return in.readAllBytes();
        }
    }

    private Path packed(byte[] bytes) throws IOException {
        ByteArrayOutputStream to = new ByteArrayOutputStream();
        try (ZstdOutputStream out = new ZstdOutputStream(to)) {
            out.write(bytes);
        }
        return Files.write(temp.resolve("changed.trace.zst"), to.toByteArray());
    }

    private static long read(Path file) {
        try (TraceReader trace = TraceEncoding.open(file)) {
            while (trace.next()) {
                // To the end.
            }
            return trace.number();
        }
    }

    @Test
    void shouldUnpackToTheBytesOfTheBinaryEncoding() throws IOException {
        Path plain = write("a.trace", RECORDS);
        Path packed = write("a.trace.zst", RECORDS);

        assertThat(unpacked(packed)).isEqualTo(Files.readAllBytes(plain));
        assertThat(Files.size(packed)).isLessThan(Files.size(plain) / 2);
        assertThat(read(packed)).isEqualTo(RECORDS);
    }

    @Test
    void shouldReadATraceThatSomebodyElseHasPacked() throws IOException {
        byte[] plain = Files.readAllBytes(write("a.trace", RECORDS));

        assertThat(read(packed(plain))).isEqualTo(RECORDS);
    }

    @Test
    void shouldWriteATraceWithoutRecords() throws IOException {
        Path packed = write("none.zst", 0);

        assertThat(unpacked(packed)).hasSize(HEADER);
        assertThat(read(packed)).isZero();
    }

    @Test
    void shouldSayAtWhichRecordATruncatedFileEnds() throws IOException {
        byte[] whole = Files.readAllBytes(write("a.trace.zst", RECORDS));
        Path cut = Files.write(temp.resolve("cut.trace.zst"), Arrays.copyOf(whole, whole.length / 2));

        assertThatThrownBy(() -> read(cut))
                .isInstanceOf(InputException.class)
                .hasMessageMatching("\\Q" + cut + "\\E: record (\\d+) at byte \\d+: cannot be unpacked from here on"
                        + " \\(.*\\); expected a whole zstd file")
                .satisfies(e -> {
                    String[] words = String.valueOf(e.getMessage()).split(" ");
                    long record = Long.parseLong(words[2]);
                    assertThat(record).isBetween(RECORDS / 4L, (long) RECORDS);
                    assertThat(words[5]).isEqualTo(HEADER + (record - 1) * RECORD + ":");
                });
    }

    @Test
    void shouldSayThatThePackedBytesHaveChanged() throws IOException {
        byte[] whole = Files.readAllBytes(write("a.trace.zst", RECORDS));
        whole[whole.length - 1] ^= 1;
        Path changed = Files.write(temp.resolve("bad.trace.zst"), whole);

        assertThatThrownBy(() -> read(changed))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("record 100001 at byte 4004096: cannot be unpacked from here on")
                .hasMessageContaining("checksum");
    }

    @Test
    void shouldSayWhereFewerRecordsAreThanTheHeaderSays() throws IOException {
        byte[] plain = Files.readAllBytes(write("a.trace", 10));
        Path few = packed(Arrays.copyOf(plain, HEADER + 4 * RECORD + 7));

        assertThatThrownBy(() -> read(few))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        few + ": record 5 at byte 4256: the file ends here; expected 10 records as the header says");
    }

    @Test
    void shouldSayWhereMoreRecordsAreThanTheHeaderSays() throws IOException {
        byte[] plain = Files.readAllBytes(write("a.trace", 10));
        ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN).putLong(16, 8);
        Path more = packed(plain);

        assertThatThrownBy(() -> read(more))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        more + ": record 9 at byte 4416: the file goes on here; expected 8 records as the header says");
    }

    @Test
    void shouldSayWhichRecordIsWrong() throws IOException {
        byte[] plain = Files.readAllBytes(write("a.trace", 10));
        plain[HEADER + 6 * RECORD + 36] = 9;
        Path wrong = packed(plain);

        assertThatThrownBy(() -> read(wrong))
                .isInstanceOf(InputException.class)
                .hasMessage(wrong + ": record 7 at byte 4336: kind is 9; expected a number from 0 to 7");
    }

    @Test
    void shouldSayThatAPackedFileIsNoTrace() throws IOException {
        Path other = packed("time_ps,kind\n".getBytes(StandardCharsets.US_ASCII));

        assertThatThrownBy(() -> TraceEncoding.open(other))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is no binary trace: it does not begin with IOMMUTRC");
    }
}
