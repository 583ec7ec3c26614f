// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.capture.InputException;
import org.jspecify.annotations.Nullable;

/** Reads a {@link BinaryLayout binary} trace in zstd as a stream. Bytes in its messages are those of the unpacked trace. */
final class PackedTraceReader implements TraceReader {
    private static final int BUFFERED_RECORDS = 1 << 13;

    private final Path file;
    private final InputStream in;
    private final BinaryHeader header;
    private final DmaRecord record = new DmaRecord();
    private final byte[] bytes = new byte[BUFFERED_RECORDS * BinaryLayout.RECORD_BYTES];
    private final ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    private @Nullable IOException failure;
    private int at;
    private int limit;
    private long number;
    private long latest;

    PackedTraceReader(Path file) {
        this.file = file;
        in = CompressedFile.open(file);
        boolean opened = false;
        try {
            ByteBuffer b = BinaryHeader.buffer();
            b.position(readFully(b.array()));
            if (failure != null) {
                throw BinaryHeader.atByte(
                        file,
                        b.position(),
                        "cannot be unpacked from here on (" + failure.getMessage() + ")",
                        "a whole zstd file");
            }
            header = BinaryHeader.read(file, b);
            if (header.records() < 0) {
                throw BinaryHeader.atByte(
                        file,
                        BinaryLayout.RECORDS_OFFSET,
                        "the header says " + header.records() + " records",
                        "0 or more");
            }
            opened = true;
        } finally {
            if (!opened) {
                close();
            }
        }
    }

    @Override
    public boolean next() {
        if (at == limit && !fill()) {
            return false;
        }
        number++;
        boolean known = BinaryLayout.get(buffer, at, record);
        RecordRules.Flaw flaw = known ? RecordRules.flaw(record, latest) : BinaryLayout.flaw(buffer, at, record);
        at += BinaryLayout.RECORD_BYTES;
        if (flaw != null) {
            throw wrong(flaw.problem(), flaw.expected());
        }
        latest = record.time;
        return true;
    }

    private boolean fill() {
        long left = header.records() - number;
        int filled = readFully(bytes);
        int whole = filled / BinaryLayout.RECORD_BYTES;
        at = 0;
        limit = 0;
        if (whole == 0 && failure != null) {
            throw unpackable(failure);
        }
        if (left == 0 && filled == 0) {
            return false;
        }
        if (whole > left || whole == left && filled % BinaryLayout.RECORD_BYTES != 0) {
            throw BinaryHeader.atRecord(
                    file,
                    header.records() + 1,
                    "the file goes on here",
                    header.records() + " records as the header says");
        }
        if (whole == 0) {
            throw header.endsBehind(file, number);
        }
        limit = whole * BinaryLayout.RECORD_BYTES;
        return true;
    }

    /** Fills as much as there is; what could be unpacked before it failed is there, the failure comes after it. */
    private int readFully(byte[] to) {
        int filled = 0;
        try {
            while (filled < to.length && failure == null) {
                int more = in.read(to, filled, to.length - filled);
                if (more < 0) {
                    break;
                }
                filled += more;
            }
        } catch (IOException e) {
            failure = e;
        }
        return filled;
    }

    private InputException unpackable(IOException e) {
        return BinaryHeader.atRecord(
                file, number + 1, "cannot be unpacked from here on (" + e.getMessage() + ")", "a whole zstd file");
    }

    @Override
    public DmaRecord record() {
        return record;
    }

    @Override
    public long number() {
        return number;
    }

    @Override
    public String provenance() {
        return header.provenance();
    }

    @Override
    public InputException wrong(String problem, String expected) {
        return BinaryHeader.atRecord(file, number, problem, expected);
    }

    @Override
    public void close() {
        at = 0;
        limit = 0;
        try {
            in.close();
        } catch (IOException ignored) {
            // Nothing was written; a reader that has its records loses nothing.
        }
    }
}
