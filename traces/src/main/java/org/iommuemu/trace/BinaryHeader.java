// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.iommuemu.capture.InputException;

/**
 * The header of a {@link BinaryLayout binary} trace.
 *
 * @param records how many follow
 * @param provenance lines of text
 */
record BinaryHeader(long records, String provenance) {
    /** A buffer for one. */
    static ByteBuffer buffer() {
        return ByteBuffer.allocate(BinaryLayout.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The bytes of a provenance. */
    static byte[] bytes(String provenance) {
        byte[] bytes = provenance.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > BinaryLayout.MOST_PROVENANCE) {
            throw new IllegalArgumentException(
                    "provenance has " + bytes.length + " bytes, expected at most " + BinaryLayout.MOST_PROVENANCE);
        }
        return bytes;
    }

    /** All of its bytes. */
    static ByteBuffer of(long records, byte[] provenance) {
        ByteBuffer header = buffer();
        header.putLong(BinaryLayout.MAGIC_OFFSET, BinaryLayout.MAGIC);
        header.putInt(BinaryLayout.VERSION_OFFSET, BinaryLayout.VERSION);
        header.putInt(BinaryLayout.RECORD_BYTES_OFFSET, BinaryLayout.RECORD_BYTES);
        header.putLong(BinaryLayout.RECORDS_OFFSET, records);
        header.putInt(BinaryLayout.PROVENANCE_BYTES_OFFSET, provenance.length);
        header.put(BinaryLayout.PROVENANCE_OFFSET, provenance);
        return header;
    }

    /**
     * Reads one.
     *
     * @param b filled up to its position with as much as the file has
     * @throws InputException if it is not what it should be
     */
    static BinaryHeader read(Path file, ByteBuffer b) {
        if (b.position() < Long.BYTES || b.getLong(BinaryLayout.MAGIC_OFFSET) != BinaryLayout.MAGIC) {
            throw new InputException(
                    file,
                    0,
                    "is no binary trace: it does not begin with IOMMUTRC",
                    "one, or a file named .csv, .csv.gz or .csv.zst");
        }
        if (b.hasRemaining()) {
            throw atByte(file, b.position(), "the header ends here", BinaryLayout.HEADER_BYTES + " bytes of header");
        }
        int version = b.getInt(BinaryLayout.VERSION_OFFSET);
        if (version != BinaryLayout.VERSION) {
            throw atByte(file, BinaryLayout.VERSION_OFFSET, "version is " + version, "version " + BinaryLayout.VERSION);
        }
        int recordBytes = b.getInt(BinaryLayout.RECORD_BYTES_OFFSET);
        if (recordBytes != BinaryLayout.RECORD_BYTES) {
            throw atByte(
                    file,
                    BinaryLayout.RECORD_BYTES_OFFSET,
                    "a record has " + recordBytes + " bytes",
                    BinaryLayout.RECORD_BYTES + " in version " + BinaryLayout.VERSION);
        }
        int text = b.getInt(BinaryLayout.PROVENANCE_BYTES_OFFSET);
        if (text < 0 || text > BinaryLayout.MOST_PROVENANCE) {
            throw atByte(
                    file,
                    BinaryLayout.PROVENANCE_BYTES_OFFSET,
                    "the provenance has " + text + " bytes",
                    "a number from 0 to " + BinaryLayout.MOST_PROVENANCE);
        }
        int zero = b.getInt(BinaryLayout.ZERO_OFFSET);
        if (zero != 0) {
            throw atByte(file, BinaryLayout.ZERO_OFFSET, "is " + RecordRules.hex(Integer.toUnsignedLong(zero)), "zero");
        }
        byte[] provenance = new byte[text];
        b.get(BinaryLayout.PROVENANCE_OFFSET, provenance);
        return new BinaryHeader(b.getLong(BinaryLayout.RECORDS_OFFSET), new String(provenance, StandardCharsets.UTF_8));
    }

    /** The exception for a file that is wrong at a byte. */
    static InputException atByte(Path file, long offset, String problem, String expected) {
        return new InputException(file, 0, "byte " + offset + ": " + problem, expected);
    }

    /** The exception for a record. */
    static InputException atRecord(Path file, long number, String problem, String expected) {
        long start = BinaryLayout.HEADER_BYTES + (number - 1) * BinaryLayout.RECORD_BYTES;
        return new InputException(file, 0, "record " + number + " at byte " + start + ": " + problem, expected);
    }

    /** The exception for a file that ends behind so many whole records. */
    InputException endsBehind(Path file, long whole) {
        return atRecord(file, whole + 1, "the file ends here", records + " records as the header says");
    }
}
