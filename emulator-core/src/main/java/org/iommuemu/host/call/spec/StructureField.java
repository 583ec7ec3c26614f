// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.call.spec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A field of a structure of the kernel's user interface, little-endian.
 *
 * @param name as in the structure's declaration
 * @param offset from its beginning, in bytes
 * @param bytes 1, 2, 4 or 8
 */
public record StructureField(String name, int offset, int bytes) {
    /** A field of 8 bits. */
    public static StructureField u8(String name, int offset) {
        return new StructureField(name, offset, Byte.BYTES);
    }

    /** A field of 16 bits. */
    public static StructureField u16(String name, int offset) {
        return new StructureField(name, offset, Short.BYTES);
    }

    /** A field of 32 bits. */
    public static StructureField u32(String name, int offset) {
        return new StructureField(name, offset, Integer.BYTES);
    }

    /** A field of 64 bits. */
    public static StructureField u64(String name, int offset) {
        return new StructureField(name, offset, Long.BYTES);
    }

    /** First byte behind it. */
    public int end() {
        return offset + bytes;
    }

    /** Its value, zero-extended, in a structure that begins at index 0. */
    public long get(ByteBuffer structure) {
        ByteBuffer b = structure.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        return switch (bytes) {
            case Byte.BYTES -> b.get(offset) & 0xFFL;
            case Short.BYTES -> b.getShort(offset) & 0xFFFFL;
            case Integer.BYTES -> b.getInt(offset) & 0xFFFF_FFFFL;
            default -> b.getLong(offset);
        };
    }

    /** Its value as an int, of which a field of 32 bits may make use in full. */
    public int getInt(ByteBuffer structure) {
        return (int) get(structure);
    }

    /** Puts its value, of which the lower bits count. */
    public void put(ByteBuffer structure, long value) {
        ByteBuffer b = structure.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        switch (bytes) {
            case Byte.BYTES -> b.put(offset, (byte) value);
            case Short.BYTES -> b.putShort(offset, (short) value);
            case Integer.BYTES -> b.putInt(offset, (int) value);
            default -> b.putLong(offset, value);
        }
    }
}
