// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Objects;
import java.util.stream.IntStream;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.bits.BitField;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.jspecify.annotations.Nullable;

/** One requester behind a VT-d unit, with its context entry and its PASID table. */
final class VtdDevice implements StreamDevice {
    /** Requests without PASID use this PASID's entry. */
    private static final int RID_PASID = 0;

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
        invalidations = driver.invalidations();
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
                    driver.memory(), driver.pages(), driver.unitFeatures().pasidBits());
            writeContext(pasids);
            contextPresent(0);
        } else {
            pasids = null;
        }
    }

    /** A context entry has become present, whose absence may be cached under domain 0, and in whose place something may be written yet. */
    private void contextPresent(int domain) {
        if (driver.cachesMisses()) {
            invalidations.context(stream, 0);
            invalidations.complete();
            invalidations.domain(domain);
            invalidations.complete();
        } else {
            driver.flushWriteBuffer();
        }
    }

    private void writeContext(PasidTable table) {
        long[] entry = new long[ScalableContextEntry.WORDS];
        table.describe(entry);
        ScalableContextEntry.P.set(entry, 1);
        ScalableContextEntry.RID_PASID.set(entry, RID_PASID);
        ScalableContextEntry.PASIDE.set(entry, driver.unitFeatures().hasExtended(ExtendedCapability.PASID) ? 1 : 0);
        ScalableContextEntry.DTE.set(entry, ats ? 1 : 0);
        ScalableContextEntry.PRE.set(entry, ats && pageRequests ? 1 : 0);
        driver.contexts().put(stream, entry);
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
            pasids.put(entryOf(pasid), pasidEntry(domain));
            pasidPresent(pasid, domain);
        } else {
            driver.contexts().put(stream, legacyEntry(domain));
            contextPresent(domain.id());
        }
    }

    /**
     * Linux names the domain alone, though what was not present is kept under domain 0 (VT-d 6.1), and asks for translations of the PASID
     * whichever the stage.
     */
    private void pasidPresent(int pasid, Domain domain) {
        if (driver.cachesMisses()) {
            invalidations.pasid(0, entryOf(pasid));
            invalidations.complete();
            invalidations.pasid(domain.id(), entryOf(pasid));
            invalidations.complete();
            invalidations.firstStage(domain.id(), entryOf(pasid));
            invalidations.complete();
        } else {
            driver.flushWriteBuffer();
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
            driver.contexts().put(stream, new long[ContextEntry.WORDS]);
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
            driver.contexts().put(stream, legacyEntry(only));
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
        return pasid == IommuDriver.NO_PASID ? RID_PASID : pasid;
    }

    private long[] legacyEntry(Domain domain) {
        long[] entry = new long[ContextEntry.WORDS];
        ContextEntry.P.set(entry, 1);
        ContextEntry.AW.set(entry, driver.tables().width());
        ContextEntry.DID.set(entry, domain.id());
        if (domain.kind() == Domain.Kind.IDENTITY) {
            ContextEntry.TT.set(entry, ContextEntry.TT_PASS_THROUGH);
            // The most that the unit supports.
            ContextEntry.AW.set(entry, driver.tables().mostWidth());
            return entry;
        }
        ContextEntry.TT.set(entry, ats ? ContextEntry.TT_ATS : ContextEntry.TT_UNTRANSLATED);
        ContextEntry.SSPTPTR.setInPlace(entry, rootOf(domain));
        return entry;
    }

    private static long rootOf(Domain domain) {
        return Objects.requireNonNull(domain.tables()).root();
    }

    private long[] pasidEntry(Domain domain) {
        long[] entry = new long[PasidEntry.WORDS];
        PasidEntry.P.set(entry, 1);
        PasidEntry.DID.set(entry, domain.id());
        // Of every type, though it is reserved where there is no second stage (VT-d 9.6).
        PasidEntry.AW.set(entry, driver.tables().width());
        PasidEntry.PWSNP.set(entry, isThere(ExtendedCapability.SMPWCS) ? 1 : 0);
        switch (domain.kind()) {
            case IDENTITY -> PasidEntry.PGTT.set(entry, PasidEntry.PASS_THROUGH);
            case SECOND_STAGE -> {
                PasidEntry.PGTT.set(entry, PasidEntry.SECOND_STAGE);
                secondStage(entry, rootOf(domain));
            }
            case FIRST_STAGE -> {
                GuestMemory memory = domain.guestMemory();
                PasidEntry.PGTT.set(entry, memory == null ? PasidEntry.FIRST_STAGE : PasidEntry.NESTED);
                PasidEntry.FSPTPTR.setInPlace(entry, rootOf(domain));
                if (isThere(ExtendedCapability.SRS)) {
                    PasidEntry.SRE.set(entry, 1);
                    PasidEntry.WPE.set(entry, 1);
                }
                if (memory != null) {
                    secondStage(entry, memory.root());
                }
            }
            case NESTED -> {
                GuestTables.FirstStage first = (GuestTables.FirstStage) Objects.requireNonNull(domain.guestTables());
                PasidEntry.PGTT.set(entry, PasidEntry.NESTED);
                PasidEntry.FSPTPTR.setInPlace(entry, first.root());
                PasidEntry.SRE.set(entry, first.supervisor() ? 1 : 0);
                PasidEntry.EAFE.set(entry, first.extendedAccess() ? 1 : 0);
                PasidEntry.WPE.set(entry, first.writeProtect() ? 1 : 0);
                PasidEntry.FSPM.set(entry, first.addressBits() > GuestTables.FOUR_LEVEL_BITS ? 1 : 0);
                secondStage(entry, rootOf(Objects.requireNonNull(domain.parent())));
            }
        }
        return entry;
    }

    private static void secondStage(long[] entry, long root) {
        PasidEntry.SSPTPTR.setInPlace(entry, root);
    }

    private boolean isThere(BitField capability) {
        return driver.unitFeatures().hasExtended(capability);
    }
}
