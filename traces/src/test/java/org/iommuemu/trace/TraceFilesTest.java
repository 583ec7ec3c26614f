// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.capture.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Both encodings: what is written comes back, and what is damaged is said in one line. */
class TraceFilesTest {
    private static final int HEADER = 4096;
    private static final int RECORD = 40;

    @TempDir
    private Path temp;

    /** One record of each kind, each with all that its kind may have. */
    private static List<DmaRecord> everything() {
        return List.of(
                new DmaRecord()
                        .set(0, TraceKind.MAP, 0xFFFF_FFFF, 0x20_0000, 0x40_0000)
                        .withAttributes(DmaRecord.READ | DmaRecord.WRITE | DmaRecord.EXECUTE | DmaRecord.PRIVILEGED)
                        .withPageShift(21)
                        .withAddress(0xF_FFFF_FFA0_0000L),
                new DmaRecord()
                        .set(61_680, TraceKind.READ_DMA, 1, 0x20_0123, 64)
                        .withPasid(0xF_FFFF)
                        .withAttributes(DmaRecord.EXECUTE | DmaRecord.PRIVILEGED)
                        .withAddress(0),
                new DmaRecord()
                        .set(61_680, TraceKind.WRITE_DMA, 2, -0xFFFF_FFFFL, 0xFFFF_FFFFL)
                        .withPasid(0),
                new DmaRecord().set(61_680, TraceKind.ATOMIC_DMA, 0x8000_0000, 0, 0),
                new DmaRecord()
                        .set(70_000, TraceKind.ATS_REQUEST, 3, 0x20_0000, 8)
                        .withAttributes(DmaRecord.WRITE),
                new DmaRecord()
                        .set(70_001, TraceKind.PAGE_REQUEST, 3, 0x20_0000, 0)
                        .withPasid(7)
                        .withAttributes(DmaRecord.READ | DmaRecord.LAST)
                        .withGroup(511),
                new DmaRecord().set(80_000, TraceKind.UNMAP, 3, 0x1000, 0x1000).withPageShift(12),
                new DmaRecord().set(1L << 61, TraceKind.INVALIDATE, 3, 0, 0));
    }

    private static Path write(Path file, List<DmaRecord> records) throws IOException {
        try (TraceWriter out = TraceEncoding.of(file).create(file, "made by hand\nseed: 7")) {
            for (DmaRecord r : records) {
                out.write(r);
            }
        }
        return file;
    }

    private static List<DmaRecord> readAll(TraceReader trace) {
        List<DmaRecord> all = new ArrayList<>();
        try (trace) {
            while (trace.next()) {
                all.add(new DmaRecord().copyFrom(trace.record()));
                assertThat(trace.number()).isEqualTo(all.size());
            }
        }
        return all;
    }

    @ParameterizedTest
    @EnumSource(TraceEncoding.class)
    void shouldGiveBackWhatWasWritten(TraceEncoding encoding) throws IOException {
        Path file = write(temp.resolve("t" + suffix(encoding)), everything());

        assertThat(TraceEncoding.of(file)).isEqualTo(encoding);
        assertThat(readAll(TraceEncoding.open(file)))
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactlyElementsOf(everything());
        try (TraceReader trace = TraceEncoding.open(file)) {
            assertThat(trace.provenance()).isEqualTo("made by hand\nseed: 7");
        }
    }

    private static String suffix(TraceEncoding encoding) {
        return switch (encoding) {
            case CSV -> ".csv";
            case CSV_GZ -> ".csv.gz";
            case CSV_ZST -> ".csv.zst";
            case BINARY_ZST -> ".trace.zst";
            case BINARY -> ".trace";
        };
    }

    /** The bytes of the documentation, not of the writer. */
    @Test
    void shouldLayRecordsOutAsDocumented() throws IOException {
        Path file = write(temp.resolve("t"), everything());

        ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(b.capacity()).isEqualTo(HEADER + 8 * RECORD);
        assertThat(new String(b.array(), 0, 8, StandardCharsets.US_ASCII)).isEqualTo("IOMMUTRC");
        assertThat(b.getInt(8)).isEqualTo(1);
        assertThat(b.getInt(12)).isEqualTo(40);
        assertThat(b.getLong(16)).isEqualTo(8);
        assertThat(b.getInt(24)).isEqualTo(20);
        assertThat(new String(b.array(), 32, 20, StandardCharsets.UTF_8)).isEqualTo("made by hand\nseed: 7");
        int read = HEADER + RECORD;
        assertThat(b.getLong(read)).isEqualTo(61_680);
        assertThat(b.getLong(read + 8)).isEqualTo(0x20_0123);
        assertThat(b.getLong(read + 16)).isZero();
        assertThat(b.getInt(read + 24)).isEqualTo(1);
        assertThat(b.getInt(read + 28)).isEqualTo(64);
        assertThat(b.getInt(read + 32)).isEqualTo(0xF_FFFF);
        assertThat(b.getInt(read + 36)).isEqualTo(0x0300_0C00);
        int page = HEADER + 5 * RECORD;
        assertThat(b.getInt(page + 32)).isEqualTo(511 << 20 | 7);
        assertThat(b.getInt(page + 36)).isEqualTo(0x0100_1104);
    }

    @Test
    void shouldReadThroughWindowsOfAnySize() throws IOException {
        List<DmaRecord> many = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            many.add(new DmaRecord().set(i, TraceKind.READ_DMA, i, i * 0x1000L, 64));
        }
        Path file = write(temp.resolve("t"), many);

        for (int window : new int[] {1, 7, 25, 26}) {
            assertThat(readAll(new BinaryTraceReader(file, window)))
                    .usingRecursiveFieldByFieldElementComparator()
                    .containsExactlyElementsOf(many);
        }
    }

    @Test
    void shouldTakeCsvWithFewColumnsInAnyOrder() throws IOException {
        Path file = temp.resolve("t.csv");
        Files.writeString(file, "# by hand\niova,stream,kind,time_ps,note\n0x1000,5,read,10,x\n\n8192,0x6,write,11,\n");

        assertThat(readAll(TraceEncoding.open(file)))
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactly(
                        new DmaRecord().set(10, TraceKind.READ_DMA, 5, 0x1000, 0),
                        new DmaRecord().set(11, TraceKind.WRITE_DMA, 6, 0x2000, 0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10,fetch,1,0x0,64,,,,|kind is 'fetch'; expected one of read, write, atomic,",
                "10,read,1,0x0,64,w,,,|a read with attributes 'w'; expected only of 'xp'",
                "10,write,1,0x0,64,q,,,|attributes is 'q'; expected letters of 'rwxpl', each once",
                "10,write,1,0x0,64,pp,,,|attributes is 'pp'; expected letters of 'rwxpl', each once",
                "9,read,1,0x0,64,,,,|time is 9; expected at least 10, that of the record before",
                "10,read,1,0x0,64,,12,,|a read with page_shift 12; expected a page_shift for map and unmap only",
                "10,read,1,0x0,64,,,0x10000000000000,|address is 0x10000000000000; expected an address of at most 52 bits",
                "10,ats-request,1,0x0,64,,,0x1000,|an ats-request with an address; expected an address for DMA and map only",
                "10,map,1,0x0,4096,rw,12,,|a map without an address; expected the physical address that is mapped",
                "10,map,1,0x0,4096,,12,0x1000,|a map that allows nothing; expected r, w or x among its attributes",
                "10,map,1,0x0,4096,rw,,0x1000,|page_shift is 0; expected log2 of a page size, 12 to 39",
                "10,map,1,0x0,4096,rw,21,0x0,|a map of 4096 bytes at 0x0 to 0x0; expected whole pages of 2^21 bytes",
                "10,map,1,0x10,4096,rw,12,0x0,|a map of 4096 bytes at 0x10 to 0x0; expected whole pages of 2^12 bytes",
                "10,unmap,1,0x0,0,,12,,|an unmap of 0 bytes at 0x0; expected whole pages of 2^12 bytes",
                "10,unmap,1,0x0,4096,,12,0x0,|an unmap with an address; expected an address for DMA and map only",
                "10,read,1,0x0,4294967296,,,,|length is '4294967296'; expected a number from 0 to 4294967295",
                "10,read,1,0xffffffffffffffc1,64,,,,|a read of 64 bytes at 0xffffffffffffffc1; expected a range that ends at 2^64",
                "10,invalidate,1,0xfffffffffffff000,8192,,,,|an invalidate of 8192 bytes at 0xfffffffffffff000; expected a range",
                "2305843009213693953,read,1,0x0,64,,,,|time is 2305843009213693953; expected at most 2^61 ps",
                "10,read,1,0x0,64,,,,3|a read with group 3; expected a group for page requests only",
            })
    void shouldSayWhatIsWrongWithACsvRecord(String row, String message) throws IOException {
        Path file = temp.resolve("t.csv");
        Files.writeString(
                file,
                "time_ps,kind,stream,iova,length,attributes,page_shift,address,group\n10,read,1,0x0,64,,,,\n" + row
                        + "\n");

        assertThatThrownBy(() -> readAll(TraceEncoding.open(file)))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file + ":3: ")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void shouldKeepOneLineForACsvThatLacksColumns() throws IOException {
        Path file = temp.resolve("t.csv");
        Files.writeString(file, "seq,kind,stream,iova\n");

        assertThatThrownBy(() -> TraceEncoding.open(file))
                .hasMessage(file + ":1: no column 'time_ps'; expected a header with it");
        Files.writeString(file, "# from\n# where\nseq,kind,stream,iova\n");
        assertThatThrownBy(() -> TraceEncoding.open(file)).hasMessageStartingWith(file + ":3: no column 'time_ps'");
    }

    /** What becomes of the second of three records when a byte of it is overwritten. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "36|8|kind is 8; expected a number from 0 to 7",
                "37|2|a read with attributes 'w'; expected only of 'xp'",
                "37|128|a read with attributes ''; expected only of 'xp'",
                "38|12|a read with page_shift 12; expected a page_shift for map and unmap only",
                "39|128|bits are set that mean nothing, in 0x00000000 0x80000000, or a PASID or address without its flag",
                "35|224|bits are set that mean nothing, in 0xe0000000 0x00000000, or a PASID or address without its flag",
                "32|1|bits are set that mean nothing, in 0x00000001 0x00000000, or a PASID or address without its flag",
                "16|1|bits are set that mean nothing, in 0x00000000 0x00000000, or a PASID or address without its flag",
                "7|33|time is 2377900603251621898; expected at most 2^61 ps",
                "15|255|a read of 64 bytes at 0xffffffffffffffc1; expected a range that ends at 2^64 or before",
                "7|128|expected at least 10, that of the record before",
            })
    void shouldSayWhereABinaryFileIsDamaged(int offset, int value, String message) throws IOException {
        DmaRecord plain = new DmaRecord().set(10, TraceKind.READ_DMA, 1, 0xFF_FFFF_FFFF_FFC1L, 64);
        Path file = write(temp.resolve("t"), List.of(plain, plain, plain));
        byte[] bytes = Files.readAllBytes(file);
        bytes[HEADER + RECORD + offset] = (byte) value;
        Files.write(file, bytes);

        assertThatThrownBy(() -> readAll(TraceEncoding.open(file)))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file + ": record 2 at byte 4136: ")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void shouldSayWhereATruncatedFileEnds() throws IOException {
        Path file = write(temp.resolve("t"), everything());
        byte[] whole = Files.readAllBytes(file);

        Files.write(file, Arrays.copyOf(whole, HEADER + 3 * RECORD + 17));
        assertThatThrownBy(() -> TraceEncoding.open(file))
                .hasMessage(
                        file + ": record 4 at byte 4216: the file ends here; expected 8 records as the header says");
        Files.write(file, Arrays.copyOf(whole, 100));
        assertThatThrownBy(() -> TraceEncoding.open(file))
                .hasMessage(file + ": byte 100: the header ends here; expected 4096 bytes of header");
        Files.write(file, new byte[0]);
        assertThatThrownBy(() -> TraceEncoding.open(file)).hasMessageContaining("is no binary trace");
        Files.write(file, Arrays.copyOf(whole, whole.length + 1));
        assertThatThrownBy(() -> TraceEncoding.open(file))
                .hasMessageContaining("byte 16: the header says 8 records, the file has 321 bytes after it");
        assertThatThrownBy(() -> TraceEncoding.open(temp.resolve("none"))).hasMessageContaining("does not exist");
        assertThatThrownBy(() -> TraceEncoding.open(temp)).hasMessageContaining("is a folder");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 'X', is no binary trace",
        "8, 2, 'byte 8: version is 2; expected version 1'",
        "12, 48, 'byte 12: a record has 48 bytes; expected 40'",
        "16, 9, 'record 9 at byte 4416: the file ends here; expected 9 records as the header says'",
        "29, 2, 'byte 28: is 0x200; expected zero'",
        "16, 7, 'byte 16: the header says 7 records'",
        "25, 16, 'byte 24: the provenance has 4116 bytes; expected a number from 0 to 4064'",
    })
    void shouldRefuseADamagedHeader(int offset, String value, String message) throws IOException {
        Path file = write(temp.resolve("t"), everything());
        byte[] bytes = Files.readAllBytes(file);
        bytes[offset] = value.equals("X") ? (byte) 'X' : Byte.parseByte(value);
        Files.write(file, bytes);

        assertThatThrownBy(() -> TraceEncoding.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void shouldNotWriteWhatItWouldNotRead() throws IOException {
        Path file = temp.resolve("t");
        try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
            DmaRecord r = new DmaRecord().set(5, TraceKind.READ_DMA, 1, 0, 64);
            out.write(r);

            assertThatThrownBy(() -> out.write(r.set(4, TraceKind.READ_DMA, 1, 0, 64)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("time is 4, expected at least 5, that of the record before");
            assertThatThrownBy(() ->
                            out.write(r.set(5, TraceKind.READ_DMA, 1, 0, 64).withPasid(1 << 20)))
                    .hasMessage("pasid is 1048576, expected a number of at most 20 bits");
            assertThatThrownBy(() ->
                            out.write(r.set(5, TraceKind.PAGE_REQUEST, 1, 0, 0).withGroup(512)))
                    .hasMessage("group is 512, expected a number of at most 9 bits");
        }

        assertThat(readAll(TraceEncoding.open(file))).hasSize(1);
    }
}
