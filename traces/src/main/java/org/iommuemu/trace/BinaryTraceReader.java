// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.agrona.IoUtil;
import org.iommuemu.capture.InputException;
import org.jspecify.annotations.Nullable;

/** Reads a {@link BinaryLayout binary} trace through a window of the file, mapped into memory, that moves along. */
final class BinaryTraceReader implements TraceReader {
    /** Records of a window: 40 MiB. */
    private static final int WINDOW_RECORDS = 1 << 20;

    private final Path file;
    private final FileChannel channel;
    private final long windowBytes;
    private final BinaryHeader header;
    private final DmaRecord record = new DmaRecord();
    private @Nullable MappedByteBuffer window;
    private long windowStart;
    private int at;
    private int limit;
    private long latest;

    BinaryTraceReader(Path file) {
        this(file, WINDOW_RECORDS);
    }

    /**
     * Opens a file.
     *
     * @param windowRecords records that are mapped at once
     */
    BinaryTraceReader(Path file, int windowRecords) {
        this.file = file;
        windowBytes = (long) windowRecords * BinaryLayout.RECORD_BYTES;
        windowStart = BinaryLayout.HEADER_BYTES;
        channel = open(file);
        boolean opened = false;
        try {
            header = header();
            opened = true;
        } catch (IOException e) {
            throw unreadable(e);
        } finally {
            if (!opened) {
                close();
            }
        }
    }

    private static FileChannel open(Path file) {
        if (Files.isDirectory(file)) {
            throw new InputException(file, 0, "is a folder", "a trace file");
        }
        try {
            return FileChannel.open(file, StandardOpenOption.READ);
        } catch (NoSuchFileException e) {
            throw new InputException(file, 0, "does not exist", "a readable trace file");
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable trace file");
        }
    }

    private BinaryHeader header() throws IOException {
        ByteBuffer b = BinaryHeader.buffer();
        while (b.hasRemaining() && channel.read(b, b.position()) >= 0) {
            // The whole header, or as much as there is.
        }
        BinaryHeader read = BinaryHeader.read(file, b);
        long body = channel.size() - BinaryLayout.HEADER_BYTES;
        long there = body / BinaryLayout.RECORD_BYTES;
        if (read.records() < there || read.records() == there && body % BinaryLayout.RECORD_BYTES != 0) {
            throw BinaryHeader.atByte(
                    file,
                    BinaryLayout.RECORDS_OFFSET,
                    "the header says " + read.records() + " records, the file has " + body + " bytes after it",
                    "records of " + BinaryLayout.RECORD_BYTES + " bytes, and nothing behind the last");
        }
        if (read.records() > there) {
            throw read.endsBehind(file, there);
        }
        return read;
    }

    @Override
    public boolean next() {
        if (at == limit && !moveWindow()) {
            return false;
        }
        MappedByteBuffer b = window;
        if (b == null || !BinaryLayout.get(b, at, record)) {
            throw damaged(b);
        }
        at += BinaryLayout.RECORD_BYTES;
        RecordRules.Flaw flaw = RecordRules.flaw(record, latest);
        if (flaw != null) {
            throw wrong(flaw.problem(), flaw.expected());
        }
        latest = record.time;
        return true;
    }

    private InputException damaged(@Nullable MappedByteBuffer b) {
        if (b == null) {
            throw new IllegalStateException("the reader is closed");
        }
        RecordRules.Flaw flaw = BinaryLayout.flaw(b, at, record);
        at += BinaryLayout.RECORD_BYTES;
        return wrong(flaw.problem(), flaw.expected());
    }

    private boolean moveWindow() {
        long next = windowStart + limit;
        long done = (next - BinaryLayout.HEADER_BYTES) / BinaryLayout.RECORD_BYTES;
        if (done == header.records()) {
            return false;
        }
        unmap();
        windowStart = next;
        at = 0;
        limit = 0;
        try {
            long whole = (channel.size() - next) / BinaryLayout.RECORD_BYTES;
            if (whole <= 0) {
                throw header.endsBehind(file, done);
            }
            int size = (int) Math.min(windowBytes, whole * BinaryLayout.RECORD_BYTES);
            MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, next, size);
            mapped.order(ByteOrder.LITTLE_ENDIAN);
            window = mapped;
            limit = size;
            return true;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private void unmap() {
        if (window != null) {
            IoUtil.unmap(window);
            window = null;
        }
    }

    @Override
    public DmaRecord record() {
        return record;
    }

    @Override
    public long number() {
        return (windowStart + at - BinaryLayout.HEADER_BYTES) / BinaryLayout.RECORD_BYTES;
    }

    @Override
    public String provenance() {
        return header.provenance();
    }

    @Override
    public InputException wrong(String problem, String expected) {
        return BinaryHeader.atRecord(file, number(), problem, expected);
    }

    private InputException unreadable(IOException e) {
        return new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable trace file");
    }

    @Override
    public void close() {
        unmap();
        at = 0;
        limit = 0;
        try {
            channel.close();
        } catch (IOException ignored) {
            // Nothing was written; a reader that has its records loses nothing.
        }
    }
}
