// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Objects;
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

    private boolean ats;
    private boolean pageRequests;

    VtdDevice(VtdDriver driver, int stream, int number) {
        this.driver = driver;
        invalidations = driver.invalidations();
        this.stream = stream;
        VtdTables kinds = driver.tables();
        tables = new DeviceTables(
                driver.stages(), kinds.first(), kinds.second(), driver.memory(), driver.pages(), number);
        guestDomain = tables.guest() == null ? 0 : driver.domains().take();
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
        ScalableContextEntry.DTE.set(entry, ats ? 1 : 0);
        ScalableContextEntry.PRE.set(entry, ats && pageRequests ? 1 : 0);
        driver.contexts().put(stream, entry);
    }

    @Override
    public void map(int pasid, long iova, long physical, long bytes, int pageShift, int permissions) {
        AddressSpace space = space(pasid);
        boolean tableGone = tables.map(space, iova, physical, bytes, pageShift, permissions);
        if (tableGone || driver.cachesMisses() && driver.stages() == StageLayout.STAGE_2) {
            invalidateRange(pasid, space, iova, bytes, !tableGone);
            invalidations.complete();
        }
    }

    @Override
    public void unmap(int pasid, long iova, long bytes, int pageShift) {
        AddressSpace space = tables.space(pasid);
        if (space != null) {
            DeviceTables.unmap(space, iova, bytes, pageShift);
            invalidateRange(pasid, space, iova, bytes, true);
            invalidateAtc(pasid, iova, bytes);
            complete();
        }
    }

    private void invalidateRange(int pasid, AddressSpace space, long iova, long bytes, boolean leaves) {
        if (driver.stages() == StageLayout.STAGE_2) {
            invalidations.domainRange(space.id(), iova, bytes, leaves);
        } else {
            invalidations.firstStageRange(space.id(), entryOf(pasid), iova, bytes, leaves);
        }
    }

    private void invalidateAll(int pasid, AddressSpace space) {
        if (driver.stages() == StageLayout.STAGE_2) {
            invalidations.domain(space.id());
        } else {
            invalidations.firstStage(space.id(), entryOf(pasid));
        }
    }

    /** Behind the IOTLB, from which the ATC could be filled again (VT-d 6.5.2.5). */
    private void invalidateAtc(int pasid, long iova, long bytes) {
        if (ats) {
            invalidations.atc(stream, pasid, iova, bytes);
        }
    }

    /** Waits; a device that does not answer loses ATS. */
    private void complete() {
        invalidations.complete();
        if (ats && invalidations.isSilent(stream)) {
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
        if (bytes == 0) {
            invalidateAll(pasid, space);
        } else {
            invalidateRange(pasid, space, iova, bytes, false);
        }
        invalidateAtc(pasid, iova, bytes);
        complete();
    }

    @Override
    public void bind(int pasid) {
        space(pasid);
    }

    @Override
    public boolean isBound(int pasid) {
        return tables.space(pasid) != null;
    }

    /** In the order of VT-d 6.5.3.3 and 7.10: the entry, what was cached of it, what was cached through it, what asks for its pages. */
    @Override
    public int unbind(int pasid) {
        AddressSpace space = Objects.requireNonNull(tables.space(pasid));
        PasidTable table = Objects.requireNonNull(pasids);
        tables.remove(pasid);
        table.revoke(pasid);
        invalidations.pasid(space.id(), pasid);
        invalidateAll(pasid, space);
        invalidateAtc(pasid, 0, 0);
        complete();
        drain(pasid, space);
        table.put(pasid, new long[PasidEntry.WORDS]);
        return space.id();
    }

    private void drain(int pasid, AddressSpace space) {
        if (ats && pageRequests) {
            invalidations.fence();
            invalidateAll(pasid, space);
            invalidateAtc(pasid, 0, 0);
            invalidations.drain();
            complete();
        }
    }

    @Override
    public void release(int id) {
        if (tables.guest() == null) {
            driver.domains().giveBack(id);
        }
    }

    @Override
    public void ats(boolean on) {
        if (on) {
            invalidations.trust(stream);
        }
        if (ats != on) {
            ats = on;
            contextChanged();
        }
    }

    @Override
    public void pageRequests(boolean on) {
        if (pageRequests != on) {
            pageRequests = on;
            contextChanged();
        }
    }

    /** The entry was present and still is: what was cached of it and through it goes (VT-d 6.5.3.3, table 25). */
    private void contextChanged() {
        AddressSpace only = tables.space(IommuDriver.NO_PASID);
        if (pasids != null) {
            writeContext(pasids);
        } else if (only != null) {
            driver.contexts().put(stream, legacyEntry(only));
        } else {
            return;
        }
        invalidations.context(stream, only == null || pasids != null ? 0 : only.id());
        for (int domain : tables.ids()) {
            if (pasids != null) {
                invalidations.pasids(domain);
            }
            invalidations.domain(domain);
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
        if (pasids == null && pasid != IommuDriver.NO_PASID) {
            throw new IllegalArgumentException(
                    "PASID " + pasid + " is mapped in legacy mode, expected no PASID, or scalable mode");
        }
        StreamDriver.checkPasid(pasid, driver.features().pasidBits());
        AddressSpace made =
                tables.create(pasid, tables.guest() == null ? driver.domains().take() : guestDomain);
        tables.backTables();
        if (pasids != null) {
            pasids.put(entryOf(pasid), pasidEntry(made));
        } else {
            driver.contexts().put(stream, legacyEntry(made));
        }
        if (driver.cachesMisses()) {
            if (pasids != null) {
                invalidations.pasid(made.id(), entryOf(pasid));
            } else {
                invalidations.context(stream, 0);
            }
            invalidations.domain(made.id());
            invalidations.complete();
        }
        return made;
    }

    private long[] legacyEntry(AddressSpace space) {
        long[] entry = new long[ContextEntry.WORDS];
        ContextEntry.P.set(entry, 1);
        ContextEntry.TT.set(entry, ats ? ContextEntry.TT_ATS : ContextEntry.TT_UNTRANSLATED);
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
