// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Cd;

/** A guest that writes tables of its own, of four levels of 4 KiB, in its memory, which a second stage moves. */
final class GuestPages {
    /** What is added to guest-physical addresses to reach the memory. */
    static final long OFFSET = 0x300_0000_0000L;

    private static final long MEMORY = 0x80_0000;
    private static final long PAGE = 0x1000;
    private static final long ADDRESS = 0xF_FFFF_F000L;
    private static final long SMMU_TABLE = 3;
    /** Valid, AttrIndx 0, AP[1] for unprivileged accesses too, inner shareable, AF, nG. */
    private static final long SMMU_PAGE = 3 | 1 << 6 | 3 << 8 | 1 << 10 | 1 << 11;
    /** Present, writable, user, accessed, dirty. */
    private static final long VTD_ENTRY = 0x67;

    final Domain parent;
    private final PhysicalMemory memory;
    private final boolean isSmmu;
    private long next = 0x10_0000;

    /** A guest with 8 MiB. */
    GuestPages(ControlledMachine machine) {
        memory = machine.memory;
        isSmmu = machine.isSmmu();
        parent = machine.driver.newDomain(Domain.Kind.SECOND_STAGE);
        machine.driver.map(parent, 0, OFFSET, MEMORY, 21, IommuDriver.READ | IommuDriver.WRITE);
    }

    /** Guest-physical address of a page of zeros. */
    long page() {
        next += PAGE;
        return next;
    }

    private long read(long guestPhysical) {
        return memory.readLong(guestPhysical + OFFSET);
    }

    void write(long guestPhysical, long value) {
        memory.writeLong(guestPhysical + OFFSET, value);
    }

    /** Maps a page, or unmaps it by 0. */
    void map(long root, long address, long guestPhysical) {
        long table = root;
        for (int shift = 39; shift > 12; shift -= 9) {
            long at = table + (address >>> shift & 0x1FF) * 8;
            if (read(at) == 0) {
                write(at, page() | (isSmmu ? SMMU_TABLE : VTD_ENTRY));
            }
            table = read(at) & ADDRESS;
        }
        long leaf = guestPhysical | (isSmmu ? SMMU_PAGE : VTD_ENTRY);
        write(table + (address >>> 12 & 0x1FF) * 8, guestPhysical == 0 ? 0 : leaf);
    }

    /** Writes a context descriptor of a linear table; tables' root 0 makes it invalid. */
    void context(long table, int index, int asid, long root) {
        long[] cd = new long[Cd.WORDS];
        if (root != 0) {
            Cd.V.set(cd, 1);
            Cd.AA64.set(cd, 1);
            Cd.T0SZ.set(cd, 16);
            Cd.EPD1.set(cd, 1);
            Cd.IPS.set(cd, 5);
            Cd.R.set(cd, 1);
            Cd.A.set(cd, 1);
            Cd.ASID.set(cd, asid);
            Cd.TTB0.setInPlace(cd, root);
            Cd.MAIR.set(cd, 0xFF);
        }
        for (int i = cd.length - 1; i >= 0; i--) {
            write(table + (long) index * Cd.BYTES + i * 8L, cd[i]);
        }
    }
}
