// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import org.iommuemu.host.Domain;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.paging.build.TableBuilder.EntryBits;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Ste;

/** A guest with 64 MiB, which writes first stages of its own. */
final class Guest {
    /** Where the machine has the guest's memory. */
    static final long OFFSET = 0x300_0000_0000L;

    private static final long BYTES = 64L << 20;
    private static final long TABLES = 32L << 20;
    private static final int LARGE_PAGE = 21;
    private static final int ADDRESS_BITS = 48;
    private static final int CONTEXTS_LOG2 = 2;

    private final PhysicalMemory memory;
    private final TableBuilder tables;
    private final PageAllocator pages = new PageAllocator(TABLES);
    private final long attributes;

    /** Gives a guest its memory, as a second stage. */
    Guest(Platform machine, IommuDriver driver, Domain secondStage) {
        memory = machine.memory();
        driver.map(secondStage, 0, OFFSET, BYTES, LARGE_PAGE, HostedMachine.READ_WRITE);
        boolean vtd = machine.vtd() != null;
        tables = vtd
                ? new TableBuilder(
                        memory, pages, VtdFirstStage.format(52, true, false), EntryBits.VTD_FIRST, ADDRESS_BITS, OFFSET)
                : new TableBuilder(
                        memory, pages, Aarch64Stage1.format(12, false), EntryBits.AARCH64, ADDRESS_BITS, OFFSET);
        attributes = vtd
                ? VtdFirstStage.US.mask() | VtdFirstStage.RW.mask() | VtdFirstStage.A.mask() | VtdFirstStage.D.mask()
                : TableBuilder.READ_WRITE;
    }

    /** Guest-physical address of the first table. */
    long root() {
        return tables.root();
    }

    /** Maps a page of a process of the guest's. */
    void map(long address, long guestPhysical) {
        tables.map(address, guestPhysical, attributes);
    }

    /** Unmaps one; caches are not told. */
    void unmap(long address) {
        tables.unmap(address, 0);
    }

    /** Writes four bytes of its memory. */
    void store(long guestPhysical, int value) {
        memory.writeInt(guestPhysical + OFFSET, value);
    }

    /** Four bytes of its memory. */
    int load(long guestPhysical) {
        return memory.readInt(guestPhysical + OFFSET);
    }

    /** Makes a table of context descriptors, in which one PASID has the guest's first stage. */
    GuestTables.Contexts contexts(int pasid) {
        long bytes = (long) Cd.BYTES << CONTEXTS_LOG2;
        long table = pages.allocate(bytes, bytes);
        long[] cd = new long[Cd.WORDS];
        Cd.V.set(cd, 1);
        Cd.AA64.set(cd, 1);
        Cd.T0SZ.set(cd, Long.SIZE - ADDRESS_BITS);
        Cd.EPD1.set(cd, 1);
        Cd.IPS.set(cd, 5);
        Cd.R.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.ASID.set(cd, 1);
        Cd.TTB0.setInPlace(cd, root());
        Cd.MAIR.set(cd, 0xFF);
        for (int i = cd.length - 1; i >= 0; i--) {
            memory.writeLong(table + OFFSET + (long) pasid * Cd.BYTES + (long) i * Long.BYTES, cd[i]);
        }
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1);
        Ste.S1_CONTEXT_PTR.setInPlace(ste, table);
        Ste.S1CDMAX.set(ste, CONTEXTS_LOG2);
        return new GuestTables.Contexts(ste[0], ste[1]);
    }
}
