// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A file of 4 KiB pages, mapped read-only, with the physical address of each page: the base that a
 * {@link PhysicalMemory} copies from on write. The operating system loads a page when it is first read, so a large image
 * costs only what is used of it.
 */
public final class MemoryImage implements AutoCloseable {
    /** Bytes of one mapping; a multiple of every window. */
    private static final long MAPPING_BYTES = 1L << 30;

    private final long[] addresses;
    private final List<MappedByteBuffer> mappings = new ArrayList<>();

    private MemoryImage(long[] addresses) {
        this.addresses = addresses;
    }

    /**
     * Maps a file.
     *
     * @param file pages one after another, {@code addresses.length} × 4 KiB
     * @param addresses physical address of each page, a multiple of 4 KiB below 2^52
     * @throws IOException if the file cannot be read or is shorter than its pages
     * @throws IllegalArgumentException if an address is not one of a 52-bit page
     */
    public static MemoryImage map(Path file, long... addresses) throws IOException {
        for (long a : addresses) {
            if ((a & PhysicalMemory.PAGE_BYTES - 1) != 0 || a >>> PhysicalMemory.ADDRESS_BITS != 0) {
                throw new IllegalArgumentException("0x" + Long.toHexString(a) + " is not the address of a page");
            }
        }
        MemoryImage image = new MemoryImage(addresses.clone());
        long bytes = (long) addresses.length * PhysicalMemory.PAGE_BYTES;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() < bytes) {
                throw new IOException(file + " has " + channel.size() + " bytes, expected " + bytes);
            }
            for (long at = 0; at < bytes; at += MAPPING_BYTES) {
                image.mappings.add(channel.map(FileChannel.MapMode.READ_ONLY, at, Math.min(MAPPING_BYTES, bytes - at)));
            }
        }
        return image;
    }

    int pages() {
        return addresses.length;
    }

    long address(int page) {
        return addresses[page];
    }

    /** The file cut into buffers of {@code windowPages} pages, the last one shorter. */
    UnsafeBuffer[] windows(int windowPages) {
        long bytes = (long) addresses.length * PhysicalMemory.PAGE_BYTES;
        int windowBytes = windowPages * PhysicalMemory.PAGE_BYTES;
        UnsafeBuffer[] windows = new UnsafeBuffer[Math.toIntExact((bytes + windowBytes - 1) / windowBytes)];
        for (int i = 0; i < windows.length; i++) {
            long at = (long) i * windowBytes;
            MappedByteBuffer mapping = mappings.get((int) (at / MAPPING_BYTES));
            windows[i] = new UnsafeBuffer(mapping, (int) (at % MAPPING_BYTES), (int) Math.min(windowBytes, bytes - at));
        }
        return windows;
    }

    /** Unmaps the file. */
    @Override
    public void close() {
        mappings.forEach(BufferUtil::free);
        mappings.clear();
    }
}
