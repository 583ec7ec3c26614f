// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.iommuemu.host.SmmuDriver.ADDRESS_BITS;
import static org.iommuemu.host.SmmuDriver.GRANULE;

import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** One stream of an SMMUv3, with its stream table entry, its contexts and its tables. */
final class SmmuDevice {
    private static final TableFormat FIRST = Aarch64Stage1.format(GRANULE, false);
    private static final TableFormat SECOND = Aarch64Stage2.format(GRANULE, false);
    private static final long SIZE_48_BITS = 5;
    private static final long START_LEVEL_0 = 2;
    private static final int REGION_SHIFT = 64 - ADDRESS_BITS;
    private static final long WRITE_BACK = 0xFF;

    private final SmmuDriver driver;
    private final CommandSender commands;
    private final int stream;
    private final int vmid;
    private final @Nullable GuestMemory guest;
    private final @Nullable AddressSpace second;
    private final @Nullable SmmuContexts contexts;
    private final Int2ObjectHashMap<FirstStage> spaces = new Int2ObjectHashMap<>();

    /** An address space of the first stage. */
    private record FirstStage(int asid, AddressSpace tables) {}

    SmmuDevice(SmmuDriver driver, int stream, int number) {
        this.driver = driver;
        commands = driver.commands();
        this.stream = stream;
        PhysicalMemory memory = driver.memory();
        vmid = driver.stages() == StageLayout.STAGE_1 ? 0 : number;
        guest = driver.stages() == StageLayout.NESTED
                ? new GuestMemory(memory, driver.pages(), SECOND, ADDRESS_BITS, number)
                : null;
        second = driver.stages() == StageLayout.STAGE_2
                ? new AddressSpace(
                        new TableBuilder(memory, driver.pages(), SECOND, ADDRESS_BITS),
                        SECOND,
                        ADDRESS_BITS,
                        GuestMemory::attributes)
                : null;
        contexts = second == null ? new SmmuContexts(memory, firstPages(), firstOffset()) : null;
        if (guest != null) {
            guest.backTables();
        }
        writeEntry();
    }

    private PageAllocator firstPages() {
        return guest == null ? driver.pages() : guest.pages();
    }

    private long firstOffset() {
        return guest == null ? 0 : guest.offset();
    }

    private void writeEntry() {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.EATS.set(ste, Ste.EATS_FULL);
        if (contexts != null) {
            contexts.describe(ste);
        }
        Ste.CONFIG.set(
                ste,
                Ste.CONFIG_ENABLE
                        | (contexts == null ? 0 : Ste.CONFIG_STAGE_1)
                        | (driver.stages() == StageLayout.STAGE_1 ? 0 : Ste.CONFIG_STAGE_2));
        long root = guest != null ? guest.root() : second != null ? second.root() : 0;
        if (root != 0) {
            Ste.S2VMID.set(ste, vmid);
            Ste.S2T0SZ.set(ste, REGION_SHIFT);
            Ste.S2SL0.set(ste, START_LEVEL_0);
            Ste.S2PS.set(ste, SIZE_48_BITS);
            Ste.S2AA64.set(ste, 1);
            Ste.S2R.set(ste, 1);
            Ste.S2TTB.setInPlace(ste, root);
        }
        long at = driver.streamEntry(stream);
        for (int i = ste.length - 1; i >= 0; i--) {
            driver.memory().writeLong(at + (long) i * Long.BYTES, ste[i]);
        }
        commands.streamChanged(stream);
    }

    void map(int pasid, long iova, long physical, long bytes, int pageShift, int permissions) {
        long page = 1L << pageShift;
        if (second != null) {
            refusePasid(pasid);
            boolean tableGone = false;
            for (long done = 0; done < bytes; done += page) {
                tableGone |= second.map(iova + done, physical + done, pageShift, permissions);
            }
            if (tableGone) {
                commands.invalidateGuestRange(vmid, iova, bytes, 0);
            }
            return;
        }
        FirstStage space = firstStage(pasid);
        boolean tableGone = false;
        for (long done = 0; done < bytes; done += page) {
            long to = guest == null ? physical + done : guest.place(physical + done, pageShift);
            tableGone |= space.tables.map(iova + done, to, pageShift, permissions);
        }
        if (guest != null) {
            guest.backTables();
        }
        if (tableGone) {
            commands.invalidateRange(vmid, space.asid, iova, bytes, 0);
        }
    }

    void unmap(int pasid, long iova, long bytes, int pageShift) {
        FirstStage space = spaces.get(pasid);
        AddressSpace tables = second != null ? second : space == null ? null : space.tables;
        if (tables == null) {
            return;
        }
        for (long done = 0; done < bytes; done += 1L << pageShift) {
            tables.unmap(iova + done, pageShift);
        }
        if (space == null) {
            commands.invalidateGuestRange(vmid, iova, bytes, pageShift);
        } else {
            commands.invalidateRange(vmid, space.asid, iova, bytes, pageShift);
        }
    }

    void invalidate(int pasid, long iova, long bytes) {
        FirstStage space = spaces.get(pasid);
        long first = iova & -(1L << GRANULE);
        long rounded = (iova + bytes - first + (1L << GRANULE) - 1) & -(1L << GRANULE);
        if (second != null && bytes == 0) {
            commands.invalidateGuest(vmid);
        } else if (second != null) {
            commands.invalidateGuestRange(vmid, first, rounded, 0);
        } else if (space != null && bytes == 0) {
            commands.invalidateAsid(vmid, space.asid);
        } else if (space != null) {
            commands.invalidateRange(vmid, space.asid, first, rounded, 0);
        }
    }

    private void refusePasid(int pasid) {
        if (pasid != IommuDriver.NO_PASID) {
            throw new IllegalArgumentException("PASID " + pasid + " is mapped for a device of a second stage alone,"
                    + " expected no PASID, or other stages");
        }
    }

    private FirstStage firstStage(int pasid) {
        FirstStage known = spaces.get(pasid);
        if (known != null || contexts == null) {
            return known;
        }
        TableBuilder tables = new TableBuilder(driver.memory(), firstPages(), FIRST, ADDRESS_BITS, firstOffset());
        // A guest numbers its own address spaces.
        int asid = guest == null ? driver.newAsid() : spaces.size() + 1;
        FirstStage made =
                new FirstStage(asid, new AddressSpace(tables, FIRST, ADDRESS_BITS, SmmuDevice::firstAttributes));
        spaces.put(pasid, made);
        boolean moved = contexts.put(pasid, context(asid, tables.root()));
        if (guest != null) {
            guest.backTables();
        }
        if (moved) {
            writeEntry();
        } else {
            commands.contextChanged(stream, Math.max(pasid, 0));
        }
        return made;
    }

    private static long[] context(int asid, long root) {
        long[] cd = new long[Cd.WORDS];
        Cd.V.set(cd, 1);
        Cd.AA64.set(cd, 1);
        Cd.T0SZ.set(cd, REGION_SHIFT);
        Cd.EPD1.set(cd, 1);
        Cd.IPS.set(cd, SIZE_48_BITS);
        Cd.R.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.ASID.set(cd, asid);
        Cd.TTB0.setInPlace(cd, root);
        Cd.MAIR.set(cd, WRITE_BACK);
        return cd;
    }

    private static long firstAttributes(int permissions, int height) {
        boolean writable = (permissions & IommuDriver.WRITE) != 0;
        boolean executable = (permissions & IommuDriver.EXECUTE) != 0;
        boolean privileged = (permissions & IommuDriver.PRIVILEGED) != 0;
        return (writable ? TableBuilder.READ_WRITE : TableBuilder.READ_ONLY)
                        & ~(privileged ? Aarch64Descriptor.AP_UNPRIVILEGED.mask() : 0)
                | (executable ? 0 : Aarch64Descriptor.UXN.mask() | Aarch64Descriptor.PXN.mask());
    }

    int addressSpaces() {
        return second != null ? 1 : spaces.size();
    }
}
