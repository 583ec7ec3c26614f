// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.memory.PhysicalMemory;

/** Reads, and AtomicOps of 4 or 8 bytes, on memory (PCIe Base Specification §6.15). */
final class AtomicMemory {
    private AtomicMemory() {}

    /** Does what a read or an AtomicOp asks for; returns the data of its completion. */
    static byte[] execute(PhysicalMemory memory, Tlp.MemoryRequest r, long address) {
        byte[] operands = r.data();
        if (operands != null && r.atomic() != null) {
            return execute(memory, address, r.atomic(), operands);
        }
        byte[] data = new byte[r.bytes()];
        memory.read(address, data, 0, data.length);
        return data;
    }

    /** Does one; returns the value that was there. */
    private static byte[] execute(PhysicalMemory memory, long address, Tlp.AtomicOp op, byte[] operands) {
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
