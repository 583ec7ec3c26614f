// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import java.util.HashMap;
import java.util.Map;

/** A memory as a map of bytes; the oracle of {@link MemoryOracleTest}. */
final class NaiveMemory {
    private static final long ADDRESS_SPACE = 0x10_0000_0000_0000L;

    private final Map<Long, Byte> bytes = new HashMap<>();

    byte get(long address) {
        return bytes.getOrDefault(Math.floorMod(address, ADDRESS_SPACE), (byte) 0);
    }

    void put(long address, byte value) {
        bytes.put(Math.floorMod(address, ADDRESS_SPACE), value);
    }

    /** The number in {@code size} bytes, the lowest one first. */
    long number(long address, int size) {
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value * 256 + Byte.toUnsignedInt(get(address + i));
        }
        return value;
    }

    void putNumber(long address, int size, long value) {
        for (int i = 0; i < size; i++) {
            put(address + i, (byte) (value >> 8 * i));
        }
    }

    /** Whether any of the bytes has been put. */
    boolean hasWritten(long address, int length) {
        for (long a = address; a < address + length; a++) {
            if (bytes.containsKey(a)) {
                return true;
            }
        }
        return false;
    }
}
