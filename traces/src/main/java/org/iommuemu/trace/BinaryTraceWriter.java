// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Writes a {@link BinaryLayout binary} trace. The header comes last, as it has the number of records. */
final class BinaryTraceWriter implements TraceWriter {
    private static final int BUFFERED_RECORDS = 1 << 15;

    private final FileChannel channel;
    private final byte[] provenance;
    private final RecordCheck check = new RecordCheck();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFERED_RECORDS * BinaryLayout.RECORD_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    private int used;
    private long written = BinaryLayout.HEADER_BYTES;

    BinaryTraceWriter(Path file, String provenance) throws IOException {
        this.provenance = provenance.getBytes(StandardCharsets.UTF_8);
        if (this.provenance.length > BinaryLayout.MOST_PROVENANCE) {
            throw new IllegalArgumentException("provenance has " + this.provenance.length + " bytes, expected at most "
                    + BinaryLayout.MOST_PROVENANCE);
        }
        channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
    }

    @Override
    public void write(DmaRecord record) throws IOException {
        check.check(record);
        if (used == buffer.capacity()) {
            flush();
        }
        BinaryLayout.put(buffer, used, record);
        used += BinaryLayout.RECORD_BYTES;
    }

    private void flush() throws IOException {
        written += writeAll(buffer, used, written);
        used = 0;
    }

    private int writeAll(ByteBuffer from, int bytes, long at) throws IOException {
        from.position(0).limit(bytes);
        while (from.hasRemaining()) {
            channel.write(from, at + from.position());
        }
        from.clear();
        return bytes;
    }

    @Override
    public void close() throws IOException {
        try (FileChannel closing = channel) {
            if (closing.isOpen()) {
                flush();
                ByteBuffer header =
                        ByteBuffer.allocate(BinaryLayout.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
                header.putLong(BinaryLayout.MAGIC_OFFSET, BinaryLayout.MAGIC);
                header.putInt(BinaryLayout.VERSION_OFFSET, BinaryLayout.VERSION);
                header.putInt(BinaryLayout.RECORD_BYTES_OFFSET, BinaryLayout.RECORD_BYTES);
                header.putLong(
                        BinaryLayout.RECORDS_OFFSET, (written - BinaryLayout.HEADER_BYTES) / BinaryLayout.RECORD_BYTES);
                header.putInt(BinaryLayout.PROVENANCE_BYTES_OFFSET, provenance.length);
                header.put(BinaryLayout.PROVENANCE_OFFSET, provenance);
                writeAll(header, BinaryLayout.HEADER_BYTES, 0);
            }
        }
    }
}
