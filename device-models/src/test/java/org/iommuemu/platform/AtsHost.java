// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.VtdRegisters;

/**
 * Software of one architecture that invalidates an ATC command by command, as a driver would never do. All mappings are to be made before
 * the first command.
 */
abstract class AtsHost implements AutoCloseable {
    static final int DEVICE = 0x10;
    static final int PASID = 7;
    static final int NONE = Transaction.NO_SUBSTREAM;
    static final long PHYSICAL = 0x1_0000_0000L;

    final Platform machine;

    private AtsHost(Platform machine) {
        this.machine = machine;
    }

    static AtsHost of(String architecture, PlatformParameters p) {
        return architecture.equals("smmuv3") ? new Smmu(p) : new Unit(p);
    }

    /** Maps a page to {@link #PHYSICAL} plus its address. */
    abstract void map(int pasid, long page, boolean writable);

    /** Sends an Invalidate Request for 2^log2 bytes, without waiting for it. */
    abstract void invalidate(int pasid, long address, int log2Bytes);

    /** Waits in the queue until all Invalidate Requests are over. */
    abstract void fence();

    /** Whether the last {@link #fence} has been passed. */
    abstract boolean isPast();

    /** What the IOMMU says of Invalidate Requests: nothing, "timed out" or "unexpected". */
    abstract String complaint();

    @Override
    public void close() {
        machine.close();
    }

    private static final class Smmu extends AtsHost {
        private final SmmuV3 smmu;
        private final IommuDriver driver;
        private int tail;

        Smmu(PlatformParameters p) {
            super(Platform.smmuv3(p));
            driver = machine.startDriver(StageLayout.STAGE_1);
            driver.enableAts(DEVICE);
            smmu = machine.smmu();
            map(NONE, 0x10_0000, true);
            driver.enableAts(DEVICE);
        }

        @Override
        void map(int pasid, long page, boolean writable) {
            driver.map(
                    DEVICE,
                    pasid,
                    page,
                    PHYSICAL + page,
                    0x1000,
                    12,
                    IommuDriver.READ | (writable ? IommuDriver.WRITE : 0));
        }

        private void command(Command c, long word0, long word1) {
            long base = Registers.QUEUE_ADDR.inPlace(smmu.readRegister(Registers.CMDQ_BASE.offset(), 8));
            long log2 = Registers.QUEUE_LOG2SIZE.get(smmu.readRegister(Registers.CMDQ_BASE.offset(), 8));
            int producer = (int) smmu.readRegister(Registers.CMDQ_PROD.offset(), 4);
            long at = base + (producer & (1L << log2) - 1) * 16;
            machine.memory().writeLong(at, word0 | c.opcode());
            machine.memory().writeLong(at + 8, word1);
            tail = producer + 1 & (int) (2L << log2) - 1;
            smmu.writeRegister(Registers.CMDQ_PROD.offset(), 4, tail);
        }

        @Override
        void invalidate(int pasid, long address, int log2Bytes) {
            long word0 = (long) DEVICE << 32 | (pasid == NONE ? 0 : 1 << 11 | (long) pasid << 12);
            command(Command.ATC_INV, word0, address | log2Bytes - 12);
        }

        @Override
        void fence() {
            command(Command.SYNC, 0, 0);
        }

        @Override
        boolean isPast() {
            return ((int) smmu.readRegister(Registers.CMDQ_CONS.offset(), 4) & 0xFFFFF) == tail;
        }

        @Override
        String complaint() {
            long error = smmu.readRegister(Registers.CMDQ_CONS.offset(), 4) >>> 24 & 0x7F;
            return error == 0 ? "" : error == 3 ? "timed out" : "error " + error;
        }
    }

    /** In scalable mode, with first-stage tables of four levels, the same for PASID 7 and for none. */
    private static final class Unit extends AtsHost {
        private static final long ROOT = 0x10_0000;
        private static final long QUEUE = 0x20_0000;
        private static final long PAGES = 0x30_0000;
        private static final long STATUS = 0x9000;
        private static final long QIE = 1 << 26;
        private static final long TE = 1L << 31;

        private final PhysicalMemory memory;
        private final Vtd unit;
        private final PageAllocator allocator = new PageAllocator(0x100_0000L);
        private final long tables;
        private int fences;

        Unit(PlatformParameters p) {
            super(Platform.vtd(p));
            unit = machine.vtd();
            memory = machine.memory();
            unit.writeRegister(0x20, 8, ROOT | 1 << 10);
            unit.writeRegister(0x90, 8, QUEUE | 1 << 11);
            unit.writeRegister(0xD0, 8, PAGES);
            unit.writeRegister(0x18, 4, 1 << 30);
            unit.writeRegister(0x18, 4, QIE);
            unit.writeRegister(0x18, 4, QIE | TE);
            long contexts = page();
            long directory = page();
            long pasids = page();
            tables = page();
            memory.writeLong(ROOT, contexts | 1);
            // DTE, PASIDE, PRE; PASID 0 stands for none.
            memory.writeLong(contexts + DEVICE * 32L, directory | 0x1D);
            memory.writeLong(directory, pasids | 1);
            for (int pasid : new int[] {0, PASID}) {
                memory.writeLong(pasids + pasid * 64L, 1 << 6 | 1);
                memory.writeLong(pasids + pasid * 64L + 8, 1 | 1 << 23);
                memory.writeLong(pasids + pasid * 64L + 16, tables);
            }
        }

        private long page() {
            return allocator.allocate(0x1000, 0x1000);
        }

        private long leaf(long address) {
            long table = tables;
            for (int height = 3; height > 0; height--) {
                long at = table + (address >>> 12 + 9 * height & 511) * 8;
                if (memory.readLong(at) == 0) {
                    memory.writeLong(at, page() | 7);
                }
                table = memory.readLong(at) & 0x000F_FFFF_FFFF_F000L;
            }
            return table + (address >>> 12 & 511) * 8;
        }

        @Override
        void map(int pasid, long page, boolean writable) {
            memory.writeLong(leaf(page), PHYSICAL + page | (writable ? 7 : 5));
        }

        private void descriptor(long word0, long word1) {
            long tail = unit.readRegister(0x88, 8);
            memory.writeLong(QUEUE + tail, word0);
            memory.writeLong(QUEUE + tail + 8, word1);
            memory.writeLong(QUEUE + tail + 16, 0);
            memory.writeLong(QUEUE + tail + 24, 0);
            unit.writeRegister(0x88, 8, tail + 32 & 0xFFF);
        }

        @Override
        void invalidate(int pasid, long address, int log2Bytes) {
            boolean large = log2Bytes > 12;
            long span = large ? address & -(1L << log2Bytes) | (1L << log2Bytes - 1) - 0x1000 : address;
            if (pasid == NONE) {
                descriptor(3 | (long) DEVICE << 32, span | (large ? 1 : 0));
            } else {
                descriptor(8 | (long) DEVICE << 16 | (long) pasid << 32, span | (large ? 1 << 11 : 0));
            }
        }

        @Override
        void fence() {
            descriptor(0x25 | (long) ++fences << 32, STATUS);
        }

        @Override
        boolean isPast() {
            return memory.readInt(STATUS) == fences;
        }

        @Override
        String complaint() {
            long status = unit.readRegister(0x34, 4);
            return VtdRegisters.ITE.isSet(status) ? "timed out" : VtdRegisters.ICE.isSet(status) ? "unexpected" : "";
        }
    }
}
