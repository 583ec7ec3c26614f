// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Objects;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** One stream of an SMMUv3, with its stream table entry, its contexts and its tables. */
final class SmmuDevice implements StreamDevice {
    private static final long SIZE_48_BITS = 5;
    private static final long START_LEVEL_0 = 2;
    private static final int REGION_SHIFT = 64 - SmmuTables.ADDRESS_BITS;
    private static final long WRITE_BACK = 0xFF;

    private final SmmuDriver driver;
    private final SmmuInvalidations invalidations;
    private final int stream;
    private final int vmid;
    private final DeviceTables tables;
    private final @Nullable AddressSpace second;
    private final @Nullable SmmuContexts contexts;
    private final IdPool guestAsids = new IdPool("ASIDs", 1, 1 << 16);
    private boolean ats;

    SmmuDevice(SmmuDriver driver, int stream, int number) {
        this.driver = driver;
        invalidations = driver.invalidations();
        this.stream = stream;
        PhysicalMemory memory = driver.memory();
        vmid = driver.stages() == StageLayout.STAGE_1 ? 0 : number;
        tables = new DeviceTables(driver.stages(), SmmuTables.FIRST, SmmuTables.SECOND, memory, driver.pages(), number);
        second = driver.stages() == StageLayout.STAGE_2 ? tables.create(IommuDriver.NO_PASID, 0) : null;
        contexts = second == null ? new SmmuContexts(memory, tables.pages(), tables.offset()) : null;
        tables.backTables();
        ats = driver.trustsDevices();
        writeEntry();
    }

    private void writeEntry() {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.EATS.set(ste, ats ? Ste.EATS_FULL : 0);
        Ste.PPAR.set(ste, ats ? 1 : 0);
        if (contexts != null) {
            contexts.describe(ste);
        }
        Ste.CONFIG.set(
                ste,
                Ste.CONFIG_ENABLE
                        | (contexts == null ? 0 : Ste.CONFIG_STAGE_1)
                        | (driver.stages() == StageLayout.STAGE_1 ? 0 : Ste.CONFIG_STAGE_2));
        GuestMemory guest = tables.guest();
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
        StructureWriter.write(driver.memory(), driver.streamEntry(stream), ste);
        invalidations.streamChanged(stream);
    }

    @Override
    public void map(int pasid, long iova, long physical, long bytes, int pageShift, int permissions) {
        AddressSpace space = space(pasid);
        if (tables.map(space, iova, physical, bytes, pageShift, permissions)) {
            invalidateRange(space, iova, bytes, 0);
        }
    }

    @Override
    public void unmap(int pasid, long iova, long bytes, int pageShift) {
        AddressSpace space = tables.space(pasid);
        if (space != null) {
            DeviceTables.unmap(space, iova, bytes, pageShift);
            invalidateRange(space, iova, bytes, pageShift);
            invalidateAtc(pasid, iova, bytes);
        }
    }

    private void invalidateRange(AddressSpace space, long iova, long bytes, int leafShift) {
        if (second != null) {
            invalidations.guestRange(vmid, iova, bytes, leafShift);
        } else {
            invalidations.asidRange(vmid, space.id(), iova, bytes, leafShift);
        }
    }

    /** Behind the IOTLB, from which the ATC could be filled again (IHI 0070 §3.9.1). */
    private void invalidateAtc(int pasid, long iova, long bytes) {
        if (ats && !driver.trustsDevices() && !invalidations.atc(stream, pasid, iova, bytes) && ats) {
            ats(false);
            driver.silent(stream);
        }
    }

    @Override
    public void invalidate(int pasid, long iova, long bytes) {
        AddressSpace space = tables.space(pasid);
        if (space == null) {
            return;
        }
        long granule = 1L << SmmuTables.GRANULE;
        long first = iova & -granule;
        if (bytes != 0) {
            long rounded = iova + bytes - first + granule - 1 & -granule;
            invalidateRange(space, first, rounded, 0);
            invalidateAtc(pasid, first, rounded);
        } else {
            invalidateAll(space);
            invalidateAtc(pasid, 0, 0);
        }
    }

    private void invalidateAll(AddressSpace space) {
        if (second != null) {
            invalidations.guest(vmid);
        } else {
            invalidations.asid(vmid, space.id());
        }
    }

    @Override
    public void bind(int pasid) {
        space(pasid);
    }

    @Override
    public boolean isBound(int pasid) {
        return tables.space(pasid) != null;
    }

    @Override
    public int unbind(int pasid) {
        AddressSpace space = Objects.requireNonNull(tables.space(pasid));
        tables.remove(pasid);
        Objects.requireNonNull(contexts).clear(pasid);
        invalidations.contextChanged(stream, pasid);
        invalidateAll(space);
        invalidateAtc(pasid, 0, 0);
        return space.id();
    }

    @Override
    public void release(int id) {
        (tables.guest() == null ? driver.asids() : guestAsids).giveBack(id);
    }

    @Override
    public void ats(boolean on) {
        if (ats != on) {
            ats = on;
            writeEntry();
        }
    }

    /** An SMMUv3 takes page requests of every device. */
    @Override
    public void pageRequests(boolean on) {}

    private AddressSpace space(int pasid) {
        AddressSpace known = tables.space(pasid);
        if (known != null) {
            return known;
        }
        if (contexts == null) {
            throw new IllegalArgumentException("PASID " + pasid + " is mapped for a device of a second stage alone,"
                    + " expected no PASID, or other stages");
        }
        StreamDriver.checkPasid(pasid, SmmuContexts.SUBSTREAM_BITS);
        // A guest numbers its own address spaces.
        int asid = (tables.guest() == null ? driver.asids() : guestAsids).take();
        AddressSpace made = tables.create(pasid, asid);
        boolean moved = contexts.put(pasid, context(asid, made.root()));
        tables.backTables();
        if (moved) {
            writeEntry();
        } else {
            invalidations.contextChanged(stream, Math.max(pasid, 0));
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

    @Override
    public int addressSpaces() {
        return tables.count();
    }
}
