// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.Patience;
import org.iommuemu.host.SmmuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;

/** Processes whose tables are VMSAv8-64's of 4 KiB and 48 bits, and what tests look at. */
final class ProcessMachine implements AutoCloseable {
    static final int READ = IommuDriver.READ;
    static final int WRITE = IommuDriver.WRITE;
    static final int EXECUTE = IommuDriver.EXECUTE;
    static final int READ_WRITE = READ | WRITE;
    static final long PAGE = 0x1000;

    final PhysicalMemory memory = new PhysicalMemory();
    final FrameAllocator frames = new FrameAllocator();
    final SmmuV3 smmu = new SmmuV3(memory, SmmuFeatures.full(), CacheConfiguration.standard(), line -> {});
    final IommuDriver driver = new SmmuDriver(smmu, memory, StageLayout.STAGE_1, Patience.NONE);
    final ProcessTable processes = new ProcessTable(driver::newPageTables, memory, frames, FailurePlan.NONE);
    private final TreeSet<Long> written = new TreeSet<>();

    ProcessMachine() {
        memory.watchWrites((address, bytes) -> {
            if (address >>> 42 != 1) {
                written.add(address & -PAGE);
            }
        });
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

    /** What all pages hold that are not the processes' own, those of zeros left out. */
    Map<Long, ByteBuffer> tableBytes() {
        Map<Long, ByteBuffer> all = new TreeMap<>();
        for (long page : written) {
            byte[] bytes = new byte[(int) PAGE];
            memory.read(page, bytes, 0, bytes.length);
            if (!Arrays.equals(bytes, new byte[bytes.length])) {
                all.put(page, ByteBuffer.wrap(bytes));
            }
        }
        return all;
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
