// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.iommuemu.host.IommuDriver.READ;
import static org.iommuemu.host.IommuDriver.WRITE;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.memory.PhysicalMemory;

/**
 * What a processor does to an address space, page by page: a page fault where it has to be, then an access to where the tables say.
 *
 * @param space whose tables the processor walks
 * @param memory that is accessed
 */
record CpuAccesses(AddressSpace space, PhysicalMemory memory) {
    private static final int PAGE = PhysicalMemory.PAGE_BYTES;

    boolean read(long address, ByteBuffer into) {
        byte[] bytes = new byte[PAGE];
        for (long at = address; into.hasRemaining(); ) {
            long physical = present(at, READ);
            if (physical < 0) {
                return false;
            }
            int n = piece(at, into.remaining());
            memory.read(physical, bytes, 0, n);
            into.put(bytes, 0, n);
            at += n;
        }
        return true;
    }

    boolean write(long address, ByteBuffer from) {
        ByteBuffer rest = from.duplicate();
        byte[] bytes = new byte[PAGE];
        for (long at = address; rest.hasRemaining(); ) {
            long physical = present(at, WRITE);
            if (physical < 0) {
                return false;
            }
            int n = piece(at, rest.remaining());
            rest.get(bytes, 0, n);
            memory.write(physical, bytes, 0, n);
            at += n;
        }
        return true;
    }

    UserBuffer buffer(long address) {
        return new UserBuffer() {
            @Override
            public boolean read(long offset, ByteBuffer into) {
                return CpuAccesses.this.read(address + offset, into);
            }

            @Override
            public boolean write(long offset, ByteBuffer from) {
                return CpuAccesses.this.write(address + offset, from);
            }
        };
    }

    private static int piece(long address, int remaining) {
        return (int) Math.min(remaining, PAGE - address % PAGE);
    }

    private long present(long address, int access) {
        return space.fault(address, access).isOk() ? space.tables().physical(address) : -1;
    }
}
