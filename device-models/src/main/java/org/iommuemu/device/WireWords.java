// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Structures between the bytes of a transfer, little-endian, and the 64-bit words of layouts. */
public final class WireWords {
    private WireWords() {}

    /** Words out of bytes, from {@code at} on. */
    public static long[] words(byte[] bytes, int at, int count) {
        long[] words = new long[count];
        ByteBuffer.wrap(bytes, at, count * Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asLongBuffer()
                .get(words);
        return words;
    }

    /** Bytes of words. */
    public static byte[] bytes(long... words) {
        byte[] bytes = new byte[words.length * Long.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().put(words);
        return bytes;
    }
}
