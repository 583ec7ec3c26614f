// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.PriEntry;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.PageRequestDescriptor;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Software of one architecture, as little as it takes to see what ATS does: it maps, invalidates an ATC, answers Page Requests. */
abstract class AtsHost implements AutoCloseable {
    static final int DEVICE = 0x10;
    static final int PASID = 7;
    static final int NONE = Transaction.NO_SUBSTREAM;
    static final long PHYSICAL = 0x1_0000_0000L;
    static final String[] ARCHITECTURES = {"smmuv3", "vtd"};

    final Platform machine;

    private AtsHost(Platform machine) {
        this.machine = machine;
    }

    static AtsHost of(String architecture, PlatformParameters p) {
        return architecture.equals("smmuv3") ? new Smmu(p) : new Unit(p);
    }

    /** Maps a page to {@link #PHYSICAL} plus its address. */
    final void map(int pasid, long page, boolean writable) {
        map(pasid, page, PHYSICAL + page, writable);
    }

    /** Maps a page. */
    abstract void map(int pasid, long page, long physical, boolean writable);

    /** Takes a page's mapping away, of the tables and of the IOMMU's caches, but not of any ATC. */
    abstract void unmap(int pasid, long page);

    /** Sends an Invalidate Request for 2^log2 bytes, without waiting for it. */
    abstract void invalidate(int pasid, long address, int log2Bytes);

    /** Waits in the queue until all Invalidate Requests are over. */
    abstract void fence();

    /** Whether the last {@link #fence} has been passed. */
    abstract boolean isPast();

    /** What the IOMMU says of Invalidate Requests: nothing, "timed out" or "unexpected". */
    abstract String complaint();

    /** The next Page Request, or null. */
    abstract PageRequest takePage();

    abstract void respond(PageRequest r, PageResponse.Code code);

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
            smmu = machine.smmu();
            map(NONE, 0x10_0000, true);
            map(PASID, 0x10_0000, true);
        }

        @Override
        void map(int pasid, long page, long physical, boolean writable) {
            driver.map(
                    DEVICE, pasid, page, physical, 0x1000, 12, IommuDriver.READ | (writable ? IommuDriver.WRITE : 0));
        }

        @Override
        void unmap(int pasid, long page) {
            driver.unmap(DEVICE, pasid, page, 0x1000, 12);
            driver.invalidate(DEVICE, pasid, page, 0x1000);
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

        @Override
        PageRequest takePage() {
            long consumer = smmu.readRegister(Registers.PRIQ_CONS.offset(), 4);
            if (consumer == smmu.readRegister(Registers.PRIQ_PROD.offset(), 4)) {
                return null;
            }
            long base = smmu.readRegister(Registers.PRIQ_BASE.offset(), 8);
            long log2 = Registers.QUEUE_LOG2SIZE.get(base);
            long at = Registers.QUEUE_ADDR.inPlace(base) + (consumer & (1L << log2) - 1) * PriEntry.BYTES;
            long low = machine.memory().readLong(at);
            long high = machine.memory().readLong(at + 8);
            smmu.writeRegister(Registers.PRIQ_CONS.offset(), 4, consumer + 1 & (2L << log2) - 1);
            return new PageRequest(
                    (int) low,
                    low < 0 ? (int) (low >>> 32) & 0xFFFFF : NONE,
                    high & -4096L,
                    (low >>> 60 & 1) != 0,
                    (low >>> 61 & 1) != 0,
                    (low >>> 59 & 1) != 0,
                    (low >>> 58 & 1) != 0,
                    (low >>> 62 & 1) != 0,
                    (int) high & 0x1FF);
        }

        @Override
        void respond(PageRequest r, PageResponse.Code code) {
            long word0 = (long) DEVICE << 32 | (r.hasSubstream() ? 1 << 11 | (long) r.substreamId() << 12 : 0);
            // Resp: deny is 0, failure 1, success 2 (IHI 0070 §4.5.2).
            long says = code == PageResponse.Code.SUCCESS ? 2 : code == PageResponse.Code.INVALID ? 1 : 0;
            command(Command.PRI_RESP, word0, r.group() | says << 12);
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
        void map(int pasid, long page, long physical, boolean writable) {
            memory.writeLong(leaf(page), physical | (writable ? 7 : 5));
        }

        @Override
        void unmap(int pasid, long page) {
            memory.writeLong(leaf(page), 0);
            // PASID-based IOTLB: all of PASID 0 and of PASID 7 in domain 1.
            descriptor(6 | 2 << 4 | 1 << 16, 0);
            descriptor(6 | 2 << 4 | 1 << 16 | (long) PASID << 32, 0);
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

        @Override
        PageRequest takePage() {
            long head = unit.readRegister(0xC0, 8);
            if (head == unit.readRegister(0xC8, 8)) {
                return null;
            }
            long[] d = {memory.readLong(PAGES + head), memory.readLong(PAGES + head + 8)};
            unit.writeRegister(0xC0, 8, head + 32 & 0xFFF);
            return new PageRequest(
                    (int) PageRequestDescriptor.RID.get(d),
                    PageRequestDescriptor.PP.isSet(d) ? (int) PageRequestDescriptor.PASID.get(d) : NONE,
                    d[1] & -4096L,
                    PageRequestDescriptor.RDR.isSet(d),
                    PageRequestDescriptor.WRR.isSet(d),
                    PageRequestDescriptor.EXR.isSet(d),
                    PageRequestDescriptor.PMR.isSet(d),
                    PageRequestDescriptor.LPIG.isSet(d),
                    (int) PageRequestDescriptor.PRGI.get(d));
        }

        @Override
        void respond(PageRequest r, PageResponse.Code code) {
            long pasid = r.hasSubstream() ? 1 << 4 | (long) r.substreamId() << 32 : 0;
            descriptor(9 | pasid | (long) code.encoding() << 12 | (long) DEVICE << 16, (long) r.group() << 3);
        }
    }
}
