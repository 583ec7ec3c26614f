// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Objects;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;

/** Processes whose tables are VMSAv8-64's of 4 KiB and 48 bits, and what tests look at. */
final class ProcessMachine implements AutoCloseable {
    static final int READ = IommuDriver.READ;
    static final int WRITE = IommuDriver.WRITE;
    static final int EXECUTE = IommuDriver.EXECUTE;
    static final int READ_WRITE = READ | WRITE;
    static final long PAGE = 0x1000;

    private static final long TABLES = 0x1_0000_0000L;

    final PhysicalMemory memory = new PhysicalMemory();
    final FrameAllocator frames = new FrameAllocator();
    final PageAllocator tablePages = new PageAllocator(TABLES);
    final ProcessTable processes = new ProcessTable(this::tables, memory, frames, FailurePlan.NONE);

    private Translations tables() {
        TableBuilder builder = new TableBuilder(memory, tablePages, Aarch64Stage1.format(12, false), 48);
        return new Translations() {
            @Override
            public long root() {
                return builder.root();
            }

            @Override
            public boolean map(long address, long physical, int pageShift, int permissions) {
                assertThat(builder.end(address))
                        .as("0x%x is not mapped yet", address)
                        .isNegative();
                builder.map(
                        address,
                        physical,
                        (permissions & WRITE) != 0 ? TableBuilder.READ_WRITE : TableBuilder.READ_ONLY);
                return false;
            }

            @Override
            public void unmap(long address, int pageShift) {
                builder.unmap(address, 0);
            }

            @Override
            public long physical(long address) {
                return ProcessMachine.this.physical(builder.root(), address);
            }
        };
    }

    /** A process of user 1000. */
    Process start() {
        return processes.start(Credentials.user(1000));
    }

    static AddressSpace memoryOf(Process process) {
        return Objects.requireNonNull(process.addressSpace());
    }

    /** Where the tables below a root have an address, or -1. */
    long physical(long root, long address) {
        long leaf = leaf(root, address);
        return leaf == 0 ? -1 : leaf & 0xFFFF_FFFF_F000L | address & 0xFFF;
    }

    /** The last descriptor of an address, or 0. */
    long leaf(long root, long address) {
        long table = root;
        for (int shift = 39; ; shift -= 9) {
            long descriptor = memory.readLong(table + (address >>> shift & 0x1FF) * 8);
            if ((descriptor & 1) == 0) {
                return 0;
            }
            if (shift == 12) {
                return descriptor;
            }
            table = descriptor & 0xFFFF_FFFF_F000L;
        }
    }

    boolean isPresent(AddressSpace space, long address) {
        return leaf(space.tables().root(), address) != 0;
    }

    /** Whether tables let an address be written: valid, and AP[2] clear. */
    boolean isWritable(AddressSpace space, long address) {
        long leaf = leaf(space.tables().root(), address);
        return leaf != 0 && (leaf & 1 << 7) == 0;
    }

    /** All bytes of all tables. */
    byte[] tableBytes() {
        long end = tablePages.allocate(0, 1);
        byte[] bytes = new byte[(int) (end - TABLES)];
        memory.read(TABLES, bytes, 0, bytes.length);
        return bytes;
    }

    static ByteBuffer bytes(int... values) {
        ByteBuffer b = ByteBuffer.allocate(values.length);
        for (int v : values) {
            b.put((byte) v);
        }
        return b.flip();
    }

    /** Writes one byte as the CPU does. */
    static boolean poke(AddressSpace space, long address, int value) {
        return space.write(address, bytes(value));
    }

    /** Reads one byte as the CPU does; -1 if it may not. */
    static int peek(AddressSpace space, long address) {
        ByteBuffer b = ByteBuffer.allocate(1);
        return space.read(address, b) ? b.get(0) & 0xFF : -1;
    }

    @Override
    public void close() {
        memory.close();
    }
}
