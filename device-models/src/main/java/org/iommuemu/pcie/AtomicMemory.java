// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.memory.PhysicalMemory;

/** AtomicOps of 4 or 8 bytes on memory (PCIe Base Specification §6.15). */
final class AtomicMemory {
    private AtomicMemory() {}

    /** Does one; returns the value that was there. */
    static byte[] execute(PhysicalMemory memory, long address, Tlp.AtomicOp op, byte[] operands) {
        int bytes = op == Tlp.AtomicOp.COMPARE_AND_SWAP ? operands.length / 2 : operands.length;
        byte[] old = new byte[bytes];
        memory.read(address, old, 0, bytes);
        long was = number(old, 0, bytes);
        long first = number(operands, 0, bytes);
        long now = switch (op) {
            case FETCH_ADD -> was + first;
            case SWAP -> first;
            case COMPARE_AND_SWAP -> was == first ? number(operands, bytes, bytes) : was;
        };
        byte[] changed = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            changed[i] = (byte) (now >>> Byte.SIZE * i);
        }
        memory.write(address, changed, 0, bytes);
        return old;
    }

    private static long number(byte[] from, int at, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (from[at + i] & 0xFFL) << Byte.SIZE * i;
        }
        return value;
    }
}
