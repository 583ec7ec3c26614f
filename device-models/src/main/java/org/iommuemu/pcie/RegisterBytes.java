// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.iommu.RegisterFrame;

/** The bytes of a memory request as register accesses: the largest naturally aligned ones of up to 8 bytes, little-endian. */
final class RegisterBytes {
    private RegisterBytes() {}

    private static int piece(long offset, int rest) {
        int size = Long.BYTES;
        while (size > rest || (offset & size - 1) != 0) {
            size >>= 1;
        }
        return size;
    }

    static byte[] read(RegisterFrame frame, long offset, int bytes) {
        byte[] data = new byte[bytes];
        for (int at = 0; at < bytes; ) {
            int size = piece(offset + at, bytes - at);
            put(data, at, size, frame.readRegister(offset + at, size));
            at += size;
        }
        return data;
    }

    static void write(RegisterFrame frame, long offset, byte[] data) {
        for (int at = 0; at < data.length; ) {
            int size = piece(offset + at, data.length - at);
            frame.writeRegister(offset + at, size, get(data, at, size));
            at += size;
        }
    }

    static void put(byte[] data, int at, int size, long value) {
        for (int i = 0; i < size; i++) {
            data[at + i] = (byte) (value >>> Byte.SIZE * i);
        }
    }

    static long get(byte[] data, int at, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (data[at + i] & 0xFFL) << Byte.SIZE * i;
        }
        return value;
    }
}
