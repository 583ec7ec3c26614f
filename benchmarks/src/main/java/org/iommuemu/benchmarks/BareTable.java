// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** An off-heap table of entries of 32 bytes, each found at its key's place: a cache without sets, counters or replacement. */
final class BareTable {
    /** Answer of a probe that found another key, or none. */
    static final long NONE = -1;

    private static final int ENTRY_BYTES = 32;
    private static final int VALUE = 16;

    private final ByteBuffer bytes;
    private final int mask;

    /** An empty table; the number of entries is a power of two. */
    BareTable(int entries) {
        bytes = offHeap(entries * ENTRY_BYTES);
        mask = entries - 1;
        for (int i = 0; i < entries; i++) {
            bytes.putLong(i * ENTRY_BYTES, NONE);
        }
    }

    /** Zeroed memory outside the heap. */
    static ByteBuffer offHeap(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    private int place(long key) {
        return ((int) key & mask) * ENTRY_BYTES;
    }

    /** The value of a key, or {@link #NONE}. */
    long find(long key) {
        int at = place(key);
        return bytes.getLong(at) == key ? bytes.getLong(at + VALUE) : NONE;
    }

    /** Writes the entry at a key's place, whatever was there. */
    void put(long key, long value) {
        int at = place(key);
        bytes.putLong(at, key);
        bytes.putLong(at + VALUE, value);
    }
}
