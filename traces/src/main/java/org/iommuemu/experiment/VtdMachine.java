// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.VtdSecondStage;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.VtdRegisters;

/** A VT-d unit in legacy mode with one device, 00:00.0, whose domain has four levels of second-stage tables. */
final class VtdMachine implements AutoCloseable {
    /** Requester id of the device. */
    static final int DEVICE = 0;

    private static final long TABLES = 0x100_0000L;
    private static final long PAGE = 0x1000;
    private static final int INPUT_BITS = 48;
    private static final long FOUR_LEVELS = 2;
    private static final long DOMAIN = 1;
    private static final long PRESENT = 1;
    private static final int LARGE_PAGE_HEIGHT = 1;
    private static final int LARGE_HEIGHTS = 1 << LARGE_PAGE_HEIGHT;
    /** R and W; PS where the page is large. */
    private static final long READ_WRITE = 3;

    private static final long LARGE = 1 << 7;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final Vtd unit;
    private final TableBuilder tables;

    VtdMachine(CacheConfiguration caches) {
        unit = new Vtd(memory, VtdFeatures.full(), caches, InterruptSink.NONE);
        PageAllocator pages = new PageAllocator(TABLES);
        tables = new TableBuilder(
                memory, pages, VtdSecondStage.format(52, LARGE_HEIGHTS, false, false, false), INPUT_BITS);
        long root = pages.allocate(PAGE, PAGE);
        long contexts = pages.allocate(PAGE, PAGE);
        memory.writeLong(root, contexts | PRESENT);
        memory.writeLong(contexts, tables.root() | PRESENT);
        memory.writeLong(contexts + Long.BYTES, FOUR_LEVELS | DOMAIN << 8);
        unit.writeRegister(VtdRegisters.RTADDR.offset(), Long.BYTES, root);
        unit.writeRegister(VtdRegisters.GCMD.offset(), Integer.BYTES, VtdRegisters.SRTP.mask());
        unit.writeRegister(VtdRegisters.GCMD.offset(), Integer.BYTES, VtdRegisters.TE.mask());
    }

    /** Maps a window of addresses from 0 on to memory of the same size, in pages of 4 KiB or 2 MiB. */
    void map(long window, boolean large, long physical) {
        long page = large ? 1L << 21 : PAGE;
        for (long address = 0; address < window; address += page) {
            tables.map(
                    address,
                    physical + address,
                    large ? LARGE_PAGE_HEIGHT : 0,
                    large ? READ_WRITE | LARGE : READ_WRITE);
        }
    }

    Vtd unit() {
        return unit;
    }

    @Override
    public void close() {
        memory.close();
    }
}
