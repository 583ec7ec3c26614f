// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Blocks in a file, whose size is the namespace's. */
public final class FileBlocks implements BlockStore, AutoCloseable {
    private static final int SECTOR = 512;
    private static final int PIECE = 1 << 20;

    private final FileChannel channel;
    private final long bytes;

    private FileBlocks(FileChannel channel, long bytes) {
        this.channel = channel;
        this.bytes = bytes;
    }

    /**
     * Opens a file.
     *
     * @throws IllegalArgumentException in one line, if the file cannot be used: which, why, and what was expected
     */
    public static FileBlocks open(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": no such file, expected one that holds a namespace's blocks");
        }
        try {
            long size = Files.size(file);
            if (size == 0 || size % SECTOR != 0) {
                throw new IllegalArgumentException(
                        file + ": has " + size + " bytes, expected a multiple of " + SECTOR + ", and more than none");
            }
            return new FileBlocks(FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE), size);
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": cannot be opened, expected a file to read and write", e);
        }
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void read(long at, byte[] into) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(into);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, at + buffer.position()) < 0) {
                throw new EOFException("the file has become shorter than " + bytes + " bytes");
            }
        }
    }

    @Override
    public void write(long at, byte[] from) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(from);
        while (buffer.hasRemaining()) {
            channel.write(buffer, at + buffer.position());
        }
    }

    @Override
    public void zero(long at, long count) throws IOException {
        for (long done = 0; done < count; ) {
            int n = (int) Math.min(PIECE, count - done);
            write(at + done, new byte[n]);
            done += n;
        }
    }

    @Override
    public void flush() throws IOException {
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
