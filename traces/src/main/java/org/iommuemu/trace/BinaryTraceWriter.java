// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
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
        this.provenance = BinaryHeader.bytes(provenance);
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
                long records = (written - BinaryLayout.HEADER_BYTES) / BinaryLayout.RECORD_BYTES;
                ByteBuffer header = BinaryHeader.of(records, provenance);
                writeAll(header, BinaryLayout.HEADER_BYTES, 0);
            }
        }
    }
}
