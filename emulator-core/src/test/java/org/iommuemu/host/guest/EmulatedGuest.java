// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.paging.build.TableBuilder.EntryBits;
import org.iommuemu.smmuv3.spec.Cd;

/** A guest that writes tables of its own in its memory, which a second stage moves. */
public final class EmulatedGuest {
    /** What is added to guest-physical addresses to reach the machine's memory. */
    public static final long OFFSET = 0x300_0000_0000L;

    private static final long BYTES = 64L << 20;
    private static final long TABLES = 32L << 20;
    private static final int LARGE_PAGE = 21;
    private static final int SMMU_BITS = 48;

    private final ControlledMachine machine;
    private final PageAllocator pages = new PageAllocator(TABLES);

    /** A guest of 64 MiB. */
    public EmulatedGuest(ControlledMachine machine, Domain memory) {
        this.machine = machine;
        machine.driver.map(memory, 0, OFFSET, BYTES, LARGE_PAGE, IommuDriver.READ | IommuDriver.WRITE);
    }

    /** Empty tables for addresses of 48 bits. */
    public Tables tables() {
        return tables(SMMU_BITS);
    }

    /** Empty tables. */
    public Tables tables(int bits) {
        TableBuilder builder = machine.isSmmu()
                ? new TableBuilder(
                        machine.memory, pages, Aarch64Stage1.format(12, false), EntryBits.AARCH64, bits, OFFSET)
                : new TableBuilder(
                        machine.memory,
                        pages,
                        VtdFirstStage.format(52, true, false),
                        EntryBits.VTD_FIRST,
                        bits,
                        OFFSET);
        return new Tables(builder, machine.isSmmu());
    }

    /** Guest-physical address of a table of contexts, all invalid. */
    public long contexts(int count) {
        return pages.allocate((long) count * Cd.BYTES, (long) count * Cd.BYTES);
    }

    /** Writes a context of a linear table. */
    public void context(long table, int index, int asid, Tables tables) {
        long[] cd = new long[Cd.WORDS];
        Cd.V.set(cd, 1);
        Cd.AA64.set(cd, 1);
        Cd.T0SZ.set(cd, 64 - SMMU_BITS);
        Cd.EPD1.set(cd, 1);
        Cd.IPS.set(cd, 5);
        Cd.R.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.ASID.set(cd, asid);
        Cd.TTB0.setInPlace(cd, tables.root());
        Cd.MAIR.set(cd, 0xFF);
        for (int i = cd.length - 1; i >= 0; i--) {
            machine.memory.writeLong(table + (long) index * Cd.BYTES + i * 8L + OFFSET, cd[i]);
        }
    }

    /** One first stage. */
    public record Tables(TableBuilder builder, boolean isSmmu) {
        private static final long VTD_PAGE =
                VtdFirstStage.US.mask() | VtdFirstStage.RW.mask() | VtdFirstStage.A.mask() | VtdFirstStage.D.mask();

        /** Guest-physical address of the first table. */
        public long root() {
            return builder.root();
        }

        /** Maps a page of 4 KiB, or maps it anew. */
        public void map(long address, long guestPhysical) {
            builder.map(address, guestPhysical, isSmmu ? TableBuilder.READ_WRITE : VTD_PAGE);
        }

        /** Unmaps a page of 4 KiB; caches are not told. */
        public void unmap(long address) {
            builder.unmap(address, 0);
        }
    }
}
