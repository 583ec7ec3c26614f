// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Objects;
import java.util.stream.IntStream;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.vtd.spec.PasidEntry;
import org.jspecify.annotations.Nullable;

/** One requester behind a VT-d unit, with its context entry and its PASID table. */
final class VtdDevice implements StreamDevice {
    private final VtdDriver driver;
    private final VtdInvalidations invalidations;
    private final int stream;
    private final @Nullable GuestMemory guest;
    private final @Nullable PasidTable pasids;
    private final Int2ObjectHashMap<Domain> attached = new Int2ObjectHashMap<>();

    private boolean ats;
    private boolean pageRequests;

    VtdDevice(VtdDriver driver, int stream, int number) {
        this.driver = driver;
        invalidations = driver.unit().invalidations();
        this.stream = stream;
        guest = driver.stages() == StageLayout.NESTED
                ? new GuestMemory(
                        driver.memory(),
                        driver.pages(),
                        driver.tables().second(),
                        number,
                        driver.domains().take())
                : null;
        if (guest != null) {
            guest.backTables();
        }
        if (driver.isScalable()) {
            pasids = new PasidTable(
                    driver.memory(), driver.pages(), driver.unit().features().pasidBits());
            writeContext(pasids);
            contextPresent(0);
        } else {
            pasids = null;
        }
    }

    /** A context entry has become present, whose absence may be cached under domain 0, and in whose place something may be written yet. */
    private void contextPresent(int domain) {
        if (driver.unit().cachesMisses()) {
            invalidations.context(stream, 0);
            invalidations.complete();
            invalidations.domain(domain);
            invalidations.complete();
        } else {
            driver.unit().flushWriteBuffer();
        }
    }

    private void writeContext(PasidTable table) {
        driver.unit().contexts().put(stream, driver.entries().scalable(table, ats, ats && pageRequests));
    }

    @Override
    public int stream() {
        return stream;
    }

    @Override
    public @Nullable Domain attached(int pasid) {
        return attached.get(pasid);
    }

    @Override
    public int attachedCount() {
        return attached.size();
    }

    @Override
    public Domain createDomain(int pasid) {
        driver.checkPasid(pasid);
        if (driver.stages() == StageLayout.STAGE_2) {
            return Domain.ofDevice(
                    Domain.Kind.SECOND_STAGE,
                    driver.domains().take(),
                    new PageTables(driver.tables().second(), driver.memory(), driver.pages(), 0),
                    null);
        }
        return Domain.ofDevice(
                Domain.Kind.FIRST_STAGE,
                // All PASIDs of a guest's device share its domain, as they share the second stage.
                guest == null ? driver.domains().take() : guest.tag(),
                guest == null
                        ? driver.newPageTables()
                        : new PageTables(driver.tables().first(), driver.memory(), guest.pages(), guest.offset()),
                guest);
    }

    @Override
    public void attach(int pasid, Domain domain) {
        attached.put(pasid, domain);
        if (guest != null) {
            guest.backTables();
        }
        if (pasids != null) {
            pasids.put(entryOf(pasid), driver.entries().pasid(domain));
            pasidPresent(pasid, domain);
        } else {
            driver.unit().contexts().put(stream, driver.entries().legacy(domain, ats));
            contextPresent(domain.id());
        }
    }

    /**
     * Linux names the domain alone, though what was not present is kept under domain 0 (VT-d 6.1), and asks for translations of the PASID
     * whichever the stage.
     */
    private void pasidPresent(int pasid, Domain domain) {
        if (driver.unit().cachesMisses()) {
            invalidations.pasid(0, entryOf(pasid));
            invalidations.complete();
            invalidations.pasid(domain.id(), entryOf(pasid));
            invalidations.complete();
            invalidations.firstStage(domain.id(), entryOf(pasid));
            invalidations.complete();
        } else {
            driver.unit().flushWriteBuffer();
        }
    }

    /**
     * In the order of VT-d 6.5.3.3 and 7.10: the entry, what was cached of it, what was cached through it, what asks for its pages. Each is
     * waited for before the next is asked for, as Linux does.
     */
    @Override
    public void detach(int pasid) {
        Domain domain = Objects.requireNonNull(attached.remove(pasid));
        if (pasids == null) {
            driver.unit().contexts().clear(stream);
            invalidations.context(stream, domain.id());
            forget(pasid, domain);
            return;
        }
        pasids.revoke(entryOf(pasid));
        invalidations.pasid(domain.id(), entryOf(pasid));
        forget(pasid, domain);
        drain(pasid, domain);
        pasids.put(entryOf(pasid), new long[PasidEntry.WORDS]);
    }

    private void forget(int pasid, Domain domain) {
        invalidations.complete();
        if (pasids == null || isBySecondStage(domain)) {
            invalidations.domain(domain.id());
        } else {
            invalidations.firstStage(domain.id(), entryOf(pasid));
        }
        invalidations.complete();
        invalidateAtc(pasid, 0, 0);
        complete();
    }

    /** Whether translations are dropped with their domain, not by their PASID: all but those of a first stage alone, or of none. */
    private static boolean isBySecondStage(Domain domain) {
        return switch (domain.kind()) {
            case SECOND_STAGE, NESTED -> true;
            case FIRST_STAGE -> domain.guestMemory() != null;
            case IDENTITY -> false;
        };
    }

    private void drain(int pasid, Domain domain) {
        if (ats && pageRequests) {
            invalidations.fence();
            invalidations.firstStage(domain.id(), entryOf(pasid));
            invalidateAtc(pasid, 0, 0);
            invalidations.drain();
            complete();
        }
    }

    @Override
    public void revoke(int pasid) {
        Domain domain = Objects.requireNonNull(attached.get(pasid));
        Objects.requireNonNull(pasids).silence(entryOf(pasid));
        invalidations.pasid(domain.id(), entryOf(pasid));
        forget(pasid, domain);
    }

    /** Adds what drops a range of the device's ATC; everything if it has no bytes. */
    void invalidateAtc(int pasid, long iova, long bytes) {
        if (ats) {
            invalidations.atc(stream, pasid, iova, bytes);
        }
    }

    @Override
    public void invalidate(Domain guest, GuestInvalidation what) {
        boolean all = what.scope() == GuestInvalidation.Scope.GUEST;
        int domain = domainOf(guest, what.pasid());
        int entry = entryOf(what.pasid());
        switch (what.cache()) {
            case TRANSLATIONS -> {
                switch (what.scope()) {
                    case GUEST -> domainsOf(guest).forEach(invalidations::domain);
                    case SPACE -> invalidations.firstStage(domain, entry);
                    case RANGE ->
                        invalidations.firstStageRange(
                                domain, entry, what.address(), what.bytes(), what.leafShift() != 0);
                }
                if (!all) {
                    invalidateAtc(what.pasid(), what.address(), what.bytes());
                }
            }
            case DEVICE_TRANSLATIONS -> invalidateAtc(what.pasid(), what.address(), what.bytes());
            case CONTEXTS -> {
                if (all) {
                    domainsOf(guest).forEach(invalidations::pasids);
                } else {
                    invalidations.pasid(domain, entry);
                }
            }
        }
        complete();
    }

    /** Of the guest's first stage that a PASID has, or else of its memory: never that of somebody else. */
    private int domainOf(Domain guest, int pasid) {
        Domain own = attached.get(pasid);
        return own != null && own.parent() == guest ? own.id() : guest.id();
    }

    /** Of the guest's memory, and of its first stages that this device has. */
    private IntStream domainsOf(Domain guest) {
        return IntStream.concat(
                IntStream.of(guest.id()),
                attached.values().stream()
                        .filter(d -> d.parent() == guest)
                        .mapToInt(Domain::id)
                        .sorted());
    }

    private void complete() {
        invalidations.complete();
        distrustIfSilent();
    }

    /** A device that has not answered loses ATS. */
    void distrustIfSilent() {
        if (ats && invalidations.isSilent(stream)) {
            ats(false);
            driver.silent(stream);
        }
    }

    /** No entry is present, and there is a directory from the beginning. */
    @Override
    public void block(boolean hasPasids) {}

    /** PASID tables are the host's (VT-d architecture 9.4). */
    @Override
    public boolean hasGuestContexts() {
        return false;
    }

    @Override
    public boolean usesAts() {
        return ats;
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
        Domain only = attached.get(IommuDriver.NO_PASID);
        if (pasids != null) {
            writeContext(pasids);
        } else if (only != null) {
            driver.unit().contexts().put(stream, driver.entries().legacy(only, ats));
        } else {
            return;
        }
        invalidations.context(stream, only == null || pasids != null ? 0 : only.id());
        invalidations.complete();
        int[] ids = attached.values().stream().mapToInt(Domain::id).distinct().toArray();
        for (int domain : ids) {
            if (pasids != null) {
                invalidations.pasids(domain);
                invalidations.complete();
            }
            invalidations.domain(domain);
            invalidations.complete();
        }
    }

    static int entryOf(int pasid) {
        return pasid == IommuDriver.NO_PASID ? VtdEntries.RID_PASID : pasid;
    }
}
