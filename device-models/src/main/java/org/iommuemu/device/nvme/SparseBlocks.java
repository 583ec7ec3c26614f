// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.Arrays;
import org.agrona.collections.Long2ObjectHashMap;

/** Blocks in the emulator's own memory: what was never written reads as zero and takes no room. */
public final class SparseBlocks implements BlockStore {
    private static final int CHUNK = 1 << 12;

    private final long bytes;
    private final Long2ObjectHashMap<byte[]> chunks = new Long2ObjectHashMap<>();

    /** Zeroes. */
    public SparseBlocks(long bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("a store of " + bytes + " bytes, expected more than none");
        }
        this.bytes = bytes;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void read(long at, byte[] into) {
        for (int done = 0; done < into.length; ) {
            int offset = (int) (at + done) & CHUNK - 1;
            int n = Math.min(CHUNK - offset, into.length - done);
            byte[] chunk = chunks.get((at + done) / CHUNK);
            if (chunk == null) {
                Arrays.fill(into, done, done + n, (byte) 0);
            } else {
                System.arraycopy(chunk, offset, into, done, n);
            }
            done += n;
        }
    }

    @Override
    public void write(long at, byte[] from) {
        for (int done = 0; done < from.length; ) {
            int offset = (int) (at + done) & CHUNK - 1;
            int n = Math.min(CHUNK - offset, from.length - done);
            byte[] chunk = chunks.computeIfAbsent((at + done) / CHUNK, k -> new byte[CHUNK]);
            System.arraycopy(from, done, chunk, offset, n);
            done += n;
        }
    }

    @Override
    public void zero(long at, long count) {
        for (long done = 0; done < count; ) {
            int offset = (int) (at + done) & CHUNK - 1;
            int n = (int) Math.min(CHUNK - offset, count - done);
            byte[] chunk = chunks.get((at + done) / CHUNK);
            if (chunk != null) {
                Arrays.fill(chunk, offset, offset + n, (byte) 0);
            }
            done += n;
        }
    }

    @Override
    public void flush() {}
}
