// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY_BYTES;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A guest's memory: the process' memory at guest-physical addresses from {@link #BASE} on, with page tables of the guest in it. */
final class Guest {
    /** Guest-physical address of the first byte. */
    static final long BASE = 0x4_0000_0000L;

    private static final int LEVELS = 4;
    private static final long VTD_ENTRY = 0x67;
    private static final long SMMU_TABLE = 3;
    private static final long SMMU_PAGE = 0xF43;

    private final IommufdMachine m;
    private final int ioas;
    private long next = BASE;

    /** Maps the process' memory for the guest. */
    Guest(IommufdMachine m) {
        this.m = m;
        ioas = m.ioas();
        if (m.map(ioas, MEMORY, MEMORY_BYTES, BASE) != 0) {
            throw new AssertionError("the guest has no memory");
        }
    }

    /** The address space that it is in. */
    int ioas() {
        return ioas;
    }

    /** A page of it that is not used yet. */
    long page() {
        next += PAGE;
        return next - PAGE;
    }

    /** Where the host has a byte of it. */
    long physical(long address) {
        return m.physical(address - BASE + MEMORY);
    }

    void write(long address, long... words) {
        ByteBuffer b = ByteBuffer.allocate(words.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long w : words) {
            b.putLong(w);
        }
        m.space.write(address - BASE + MEMORY, b.flip());
    }

    private long read(long address) {
        ByteBuffer b = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        m.space.read(address - BASE + MEMORY, b);
        return b.getLong(0);
    }

    /** Maps a page in the guest's tables, with new tables where there are none; returns where the leaf is. */
    long map(long root, long address, long to) {
        long table = root;
        for (int level = LEVELS - 1; level > 0; level--) {
            long at = table + index(address, level) * Long.BYTES;
            if (read(at) == 0) {
                write(at, page() | (m.machine.isSmmu() ? SMMU_TABLE : VTD_ENTRY));
            }
            table = read(at) & 0xF_FFFF_F000L;
        }
        long leaf = table + index(address, 0) * Long.BYTES;
        write(leaf, to | (m.machine.isSmmu() ? SMMU_PAGE : VTD_ENTRY));
        return leaf;
    }

    private static long index(long address, int level) {
        return address >>> 12 + 9 * level & 511;
    }
}
