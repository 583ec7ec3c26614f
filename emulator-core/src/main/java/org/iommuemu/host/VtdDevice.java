// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.bits.BitField;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.jspecify.annotations.Nullable;

/** One requester behind a VT-d unit, with its context entry, its PASID table and its tables. */
final class VtdDevice implements StreamDevice {
    /** Requests without PASID use this PASID's entry. */
    private static final int RID_PASID = 0;

    private final VtdDriver driver;
    private final VtdInvalidations invalidations;
    private final int stream;
    private final DeviceTables tables;
    private final @Nullable PasidTable pasids;
    /** The domain of all PASIDs of a guest's device, as they share the second stage. */
    private final int guestDomain;

    VtdDevice(VtdDriver driver, int stream, int number) {
        this.driver = driver;
        invalidations = driver.invalidations();
        this.stream = stream;
        VtdTables kinds = driver.tables();
        tables = new DeviceTables(
                driver.stages(), kinds.first(), kinds.second(), driver.memory(), driver.pages(), number);
        guestDomain = tables.guest() == null ? 0 : driver.newDomain();
        tables.backTables();
        if (driver.isScalable()) {
            pasids = new PasidTable(
                    driver.memory(), driver.pages(), driver.features().pasidBits());
            writeContext(pasids);
        } else {
            pasids = null;
        }
    }

    private void writeContext(PasidTable table) {
        long[] entry = new long[ScalableContextEntry.WORDS];
        table.describe(entry);
        ScalableContextEntry.P.set(entry, 1);
        ScalableContextEntry.RID_PASID.set(entry, RID_PASID);
        ScalableContextEntry.PASIDE.set(entry, driver.features().hasExtended(ExtendedCapability.PASID) ? 1 : 0);
        driver.contexts().put(stream, entry);
    }

    @Override
    public void map(int pasid, long iova, long physical, long bytes, int pageShift, int permissions) {
        AddressSpace space = space(pasid);
        boolean tableGone = tables.map(space, iova, physical, bytes, pageShift, permissions);
        if (tableGone) {
            invalidateRange(pasid, space, iova, bytes, false);
        }
    }

    @Override
    public void unmap(int pasid, long iova, long bytes, int pageShift) {
        AddressSpace space = tables.space(pasid);
        if (space != null) {
            DeviceTables.unmap(space, iova, bytes, pageShift);
            invalidateRange(pasid, space, iova, bytes, true);
        }
    }

    private void invalidateRange(int pasid, AddressSpace space, long iova, long bytes, boolean leaves) {
        if (driver.stages() == StageLayout.STAGE_2) {
            invalidations.domainRange(space.id(), iova, bytes, leaves);
        } else {
            invalidations.firstStageRange(space.id(), entryOf(pasid), iova, bytes, leaves);
        }
        invalidations.complete();
    }

    @Override
    public void invalidate(int pasid, long iova, long bytes) {
        AddressSpace space = tables.space(pasid);
        if (space == null) {
            return;
        }
        if (bytes != 0) {
            invalidateRange(pasid, space, iova, bytes, false);
            return;
        }
        if (driver.stages() == StageLayout.STAGE_2) {
            invalidations.domain(space.id());
        } else {
            invalidations.firstStage(space.id(), entryOf(pasid));
        }
        invalidations.complete();
    }

    private static int entryOf(int pasid) {
        return pasid == IommuDriver.NO_PASID ? RID_PASID : pasid;
    }

    private AddressSpace space(int pasid) {
        AddressSpace known = tables.space(pasid);
        if (known != null) {
            return known;
        }
        if (pasid == RID_PASID) {
            throw new IllegalArgumentException("PASID 0 is mapped, expected one from 1 on: entry 0 is for no PASID");
        }
        if (pasids == null && pasid != IommuDriver.NO_PASID) {
            throw new IllegalArgumentException(
                    "PASID " + pasid + " is mapped in legacy mode, expected no PASID, or scalable mode");
        }
        AddressSpace made = tables.create(pasid, tables.guest() == null ? driver.newDomain() : guestDomain);
        tables.backTables();
        if (pasids != null) {
            pasids.put(entryOf(pasid), pasidEntry(made));
        } else {
            driver.contexts().put(stream, legacyEntry(made));
        }
        return made;
    }

    private long[] legacyEntry(AddressSpace space) {
        long[] entry = new long[ContextEntry.WORDS];
        ContextEntry.P.set(entry, 1);
        ContextEntry.TT.set(entry, ContextEntry.TT_UNTRANSLATED);
        ContextEntry.SSPTPTR.setInPlace(entry, space.root());
        ContextEntry.AW.set(entry, driver.tables().width());
        ContextEntry.DID.set(entry, space.id());
        return entry;
    }

    private long[] pasidEntry(AddressSpace space) {
        long[] entry = new long[PasidEntry.WORDS];
        PasidEntry.P.set(entry, 1);
        PasidEntry.DID.set(entry, space.id());
        PasidEntry.PWSNP.set(entry, isThere(ExtendedCapability.SMPWCS) ? 1 : 0);
        GuestMemory guest = tables.guest();
        if (driver.stages() == StageLayout.STAGE_2) {
            PasidEntry.PGTT.set(entry, PasidEntry.SECOND_STAGE);
            PasidEntry.SSPTPTR.setInPlace(entry, space.root());
            PasidEntry.AW.set(entry, driver.tables().width());
            return entry;
        }
        PasidEntry.PGTT.set(entry, guest == null ? PasidEntry.FIRST_STAGE : PasidEntry.NESTED);
        PasidEntry.FSPTPTR.setInPlace(entry, space.root());
        if (isThere(ExtendedCapability.SRS)) {
            PasidEntry.SRE.set(entry, 1);
            PasidEntry.WPE.set(entry, 1);
        }
        if (guest != null) {
            PasidEntry.SSPTPTR.setInPlace(entry, guest.root());
            PasidEntry.AW.set(entry, driver.tables().width());
        }
        return entry;
    }

    private boolean isThere(BitField capability) {
        return driver.features().hasExtended(capability);
    }

    @Override
    public int addressSpaces() {
        return tables.count();
    }
}
