// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Arrays;
import java.util.Objects;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** One stream of an SMMUv3, with its stream table entry and its contexts. */
final class SmmuDevice implements StreamDevice {
    private final SmmuDriver driver;
    private final SmmuSetup setup;
    private final SmmuInvalidations invalidations;
    private final SmmuStructures structures;
    private final int stream;
    private final @Nullable GuestMemory guest;
    private final SmmuContexts contexts;
    private final Int2ObjectHashMap<Domain> attached = new Int2ObjectHashMap<>();
    private long[] entry;
    private boolean ats;

    SmmuDevice(SmmuDriver driver, int stream, int number) {
        this.driver = driver;
        setup = driver.setup();
        invalidations = setup.invalidations();
        structures = setup.structures();
        this.stream = stream;
        PhysicalMemory memory = setup.memory();
        guest = setup.stages() == StageLayout.NESTED
                ? new GuestMemory(
                        memory,
                        setup.pages(),
                        setup.tables().second(),
                        number,
                        driver.vmids().take())
                : null;
        contexts = guest == null
                ? new SmmuContexts(memory, setup.pages(), 0, setup.hardware())
                : new SmmuContexts(memory, guest.pages(), guest.offset(), setup.hardware());
        backTables();
        ats = setup.trustsDevices();
        setup.streams().entry(stream);
        entry = structures.refused();
    }

    private void backTables() {
        if (guest != null) {
            guest.backTables();
        }
    }

    /** Writes the entry, if there is something else to be said. */
    private void updateEntry() {
        long[] ste = describe();
        if (!Arrays.equals(ste, entry)) {
            writeEntry(ste);
        }
    }

    private void writeEntry(long[] ste) {
        entry = ste;
        setup.writer().stream(stream, setup.streams().entry(stream), ste);
    }

    private long[] describe() {
        long[] ste = describe(attached.get(IommuDriver.NO_PASID));
        boolean translates = (Ste.CONFIG.get(ste) & (Ste.CONFIG_STAGE_1 | Ste.CONFIG_STAGE_2)) != 0;
        Ste.EATS.set(ste, ats && translates ? Ste.EATS_FULL : 0);
        Ste.PPAR.set(ste, ats && translates ? 1 : 0);
        return ste;
    }

    private long[] describe(@Nullable Domain plain) {
        Domain.Kind kind = plain == null ? null : plain.kind();
        if (plain != null && kind == Domain.Kind.SECOND_STAGE) {
            return structures.secondStage(
                    plain.id(), Objects.requireNonNull(plain.tables()).root());
        } else if (plain != null && kind == Domain.Kind.NESTED) {
            Domain parent = Objects.requireNonNull(plain.parent());
            long[] ste = structures.guest((GuestTables.Contexts) Objects.requireNonNull(plain.guestTables()));
            structures.addSecondStage(
                    ste, parent.id(), Objects.requireNonNull(parent.tables()).root());
            return ste;
        } else if (kind != Domain.Kind.FIRST_STAGE && !hasPasids()) {
            return kind == Domain.Kind.IDENTITY ? structures.bypassed() : structures.refused();
        }
        long[] ste = structures.firstStage(
                contexts,
                plain == null
                        ? Ste.S1DSS_TERMINATE
                        : kind == Domain.Kind.IDENTITY ? Ste.S1DSS_BYPASS : Ste.S1DSS_SUBSTREAM_0);
        if (guest != null) {
            Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1 | Ste.CONFIG_STAGE_2);
            structures.addSecondStage(ste, guest.tag(), guest.root());
        }
        return ste;
    }

    /** Whether requests with a PASID may get through. */
    private boolean hasPasids() {
        return attached.size() > (attached.containsKey(IommuDriver.NO_PASID) ? 1 : 0);
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
        if (setup.stages() == StageLayout.STAGE_2) {
            if (pasid != IommuDriver.NO_PASID) {
                throw new IllegalArgumentException("PASID " + pasid + " is mapped for a device of a second stage alone,"
                        + " expected no PASID, or other stages");
            }
            return Domain.ofDevice(Domain.Kind.SECOND_STAGE, driver.vmids().take(), setup.newSecondTables(), null);
        }
        driver.checkPasid(pasid);
        if (guest == null) {
            return Domain.ofDevice(Domain.Kind.FIRST_STAGE, driver.asids().take(), setup.newFirstTables(), null);
        }
        // A guest numbers its own address spaces.
        return Domain.ofDevice(
                Domain.Kind.FIRST_STAGE,
                guest.asids().take(),
                new PageTables(setup.tables().first(), setup.memory(), guest.pages(), guest.offset()),
                guest);
    }

    @Override
    public void attach(int pasid, Domain domain) {
        boolean first = domain.prepare();
        boolean own = first && domain.isPerDevice() && pasid == IommuDriver.NO_PASID;
        boolean early = setup.release() != LinuxRelease.LINUX_6_1;
        if (own && early) {
            driver.caches().tlbs(domain);
        }
        attached.put(pasid, domain);
        if (domain.kind() == Domain.Kind.FIRST_STAGE) {
            boolean added = contexts.prepare(pasid);
            backTables();
            if (added) {
                invalidations.contextTableAdded(stream, pasid);
            }
            writeContext(pasid, domain, first);
        }
        if (pasid == IommuDriver.NO_PASID) {
            writeEntry(describe());
        } else {
            updateEntry();
        }
        if (own && !early) {
            driver.caches().tlbs(domain);
        }
    }

    private void writeContext(int pasid, Domain domain, boolean first) {
        long[] cd = structures.context(domain);
        if (isContextWrittenUnused(pasid)) {
            setup.writer().unusedContext(contexts.place(pasid), cd, first);
        } else {
            setup.writer().context(stream, Math.max(pasid, 0), contexts.place(pasid), cd);
        }
    }

    /** Linux 6.1 makes a domain's context before a stream is told of it, and leaves it as it is when the last one goes. */
    private boolean isContextWrittenUnused(int pasid) {
        return setup.release() == LinuxRelease.LINUX_6_1 && pasid == IommuDriver.NO_PASID && !hasPasids();
    }

    @Override
    public void detach(int pasid) {
        Domain domain = Objects.requireNonNull(attached.remove(pasid));
        boolean plain = pasid == IommuDriver.NO_PASID;
        if (plain) {
            writeEntry(describe());
        }
        if (domain.kind() == Domain.Kind.FIRST_STAGE) {
            if (isContextWrittenUnused(pasid)) {
                setup.writer().clearUnusedContext(contexts.place(pasid));
            } else {
                setup.writer().context(stream, Math.max(pasid, 0), contexts.place(pasid), new long[Cd.WORDS]);
            }
        }
        if (!plain) {
            updateEntry();
        }
        forget(pasid, domain);
    }

    /** What IOTLBs hold for requests without PASID goes with the domain, as it is tagged with the domain's number. */
    private void forget(int pasid, Domain domain) {
        if (pasid != IommuDriver.NO_PASID || domain.kind() == Domain.Kind.NESTED) {
            driver.caches().tlbs(domain);
        }
        invalidateAtc(pasid, 0, 0);
        if (domain.kind() == Domain.Kind.NESTED) {
            invalidateAllPasids();
        }
    }

    @Override
    public void invalidate(Domain guest, GuestInvalidation what) {
        int vmid = guest.id();
        switch (what.cache()) {
            case TRANSLATIONS -> {
                switch (what.scope()) {
                    case GUEST -> invalidations.guestSpaces(vmid);
                    case SPACE -> invalidations.asid(vmid, what.asid());
                    case RANGE ->
                        invalidations.guestSpaceRange(
                                vmid, what.asid(), what.address(), what.bytes(), what.leafShift());
                }
                if (what.scope() != GuestInvalidation.Scope.GUEST) {
                    invalidateAtc(what.pasid(), what.address(), what.bytes());
                }
            }
            case DEVICE_TRANSLATIONS -> invalidateAtc(what.pasid(), what.address(), what.bytes());
            case CONTEXTS -> {
                if (what.scope() == GuestInvalidation.Scope.GUEST) {
                    invalidations.contextsChanged(stream);
                } else {
                    invalidations.contextChanged(stream, Math.max(what.pasid(), 0));
                }
            }
        }
    }

    /** As Linux' {@code quiet_cd}: a context that translates nothing and records nothing. */
    @Override
    public void revoke(int pasid) {
        Domain domain = Objects.requireNonNull(attached.get(pasid));
        setup.writer().context(stream, Math.max(pasid, 0), contexts.place(pasid), structures.quietContext(domain));
        forget(pasid, domain);
    }

    /** A device that does not answer may not use ATS any more. */
    void invalidateAtc(int pasid, long iova, long bytes) {
        if (ats && setup.tellsDevices() && !invalidations.atc(stream, pasid, iova, bytes)) {
            distrust();
        }
    }

    /** It has not answered, and may not use ATS any more. */
    void distrust() {
        if (ats) {
            ats(false);
            driver.silent(stream);
        }
    }

    /** Of the device's ATC, what belongs to any PASID. */
    void invalidateAllPasids() {
        if (ats && setup.tellsDevices() && !invalidations.atcOfAllPasids(stream)) {
            distrust();
        }
    }

    @Override
    public void block(boolean hasPasids) {
        if (hasPasids && driver.features().pasids() != 0) {
            contexts.makeTable();
            backTables();
        }
        updateEntry();
    }

    @Override
    public boolean hasGuestContexts() {
        Domain plain = attached.get(IommuDriver.NO_PASID);
        return plain != null && plain.kind() == Domain.Kind.NESTED;
    }

    @Override
    public boolean usesAts() {
        return ats;
    }

    /** Where the SMMU has no ATS it stays off. */
    @Override
    public void ats(boolean on) {
        ats = on && setup.hardware().hasAts();
        updateEntry();
    }

    /** An SMMUv3 takes page requests of every device. */
    @Override
    public void pageRequests(boolean on) {}
}
