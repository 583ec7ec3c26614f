// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes a {@link BinaryLayout binary} trace in zstd. The header has the number of records, which is known last: it is a frame of its own,
 * put into the room kept for it, and a skippable frame (RFC 8878 section 3.1.2) fills what it leaves. To whoever unpacks the file the two
 * frames are one stream of bytes.
 */
final class PackedTraceWriter implements TraceWriter {
    private static final int BUFFERED_RECORDS = 1 << 13;
    private static final int LEVEL = 3;
    private static final int SKIPPABLE_MAGIC = 0x184D2A50;
    private static final int SKIPPABLE_HEADER = 8;
    /** Room for the header however badly it packs. */
    private static final int ROOM = (int) Zstd.compressBound(BinaryLayout.HEADER_BYTES) + SKIPPABLE_HEADER;

    private final FileChannel channel;
    private final ZstdOutputStream out;
    private final byte[] provenance;
    private final RecordCheck check = new RecordCheck();
    private final byte[] bytes = new byte[BUFFERED_RECORDS * BinaryLayout.RECORD_BYTES];
    private final ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    private int used;
    private long records;

    PackedTraceWriter(Path file, String provenance) throws IOException {
        this.provenance = BinaryHeader.bytes(provenance);
        channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        boolean opened = false;
        try {
            channel.position(ROOM);
            out = new ZstdOutputStream(Channels.newOutputStream(channel), LEVEL).setChecksum(true);
            opened = true;
        } finally {
            if (!opened) {
                channel.close();
            }
        }
    }

    @Override
    public void write(DmaRecord record) throws IOException {
        check.check(record);
        if (used == bytes.length) {
            flush();
        }
        BinaryLayout.put(buffer, used, record);
        used += BinaryLayout.RECORD_BYTES;
        records++;
    }

    private void flush() throws IOException {
        out.write(bytes, 0, used);
        used = 0;
    }

    @Override
    public void close() throws IOException {
        try (FileChannel closing = channel;
                ZstdOutputStream body = out) {
            if (closing.isOpen()) {
                flush();
                writeHeader();
                body.flush();
            }
        }
    }

    private void writeHeader() throws IOException {
        byte[] packed = Zstd.compress(BinaryHeader.of(records, provenance).array(), LEVEL);
        ByteBuffer head = ByteBuffer.allocate(ROOM).order(ByteOrder.LITTLE_ENDIAN);
        head.put(packed).putInt(SKIPPABLE_MAGIC).putInt(ROOM - packed.length - SKIPPABLE_HEADER);
        head.position(0);
        while (head.hasRemaining()) {
            channel.write(head, head.position());
        }
    }
}
