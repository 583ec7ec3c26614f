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
    private static final long SIZE_48_BITS = 5;
    private static final long START_LEVEL_0 = 2;
    private static final int REGION_SHIFT = 64 - SmmuTables.ADDRESS_BITS;
    private static final long WRITE_BACK = 0xFF;

    private final SmmuDriver driver;
    private final SmmuInvalidations invalidations;
    private final int stream;
    private final @Nullable GuestMemory guest;
    private final SmmuContexts contexts;
    private final Int2ObjectHashMap<Domain> attached = new Int2ObjectHashMap<>();
    private long[] entry = new long[Ste.WORDS];
    private boolean ats;
    /** Nothing of requests without PASID is let through until they are attached. */
    private boolean blocked;

    SmmuDevice(SmmuDriver driver, int stream, int number) {
        this.driver = driver;
        invalidations = driver.invalidations();
        this.stream = stream;
        PhysicalMemory memory = driver.memory();
        guest = driver.stages() == StageLayout.NESTED
                ? new GuestMemory(
                        memory,
                        driver.pages(),
                        SmmuTables.SECOND,
                        number,
                        driver.vmids().take())
                : null;
        contexts = guest == null
                ? new SmmuContexts(memory, driver.pages(), 0, driver.substreamBits())
                : new SmmuContexts(memory, guest.pages(), guest.offset(), driver.substreamBits());
        backTables();
        ats = driver.trustsDevices();
        blocked = driver.stages() == StageLayout.STAGE_2;
        if (!blocked) {
            writeEntry();
        }
    }

    private void backTables() {
        if (guest != null) {
            guest.backTables();
        }
    }

    /** Whether that was needed. */
    private boolean writeEntry() {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        describe(ste, attached.get(IommuDriver.NO_PASID));
        Ste.EATS.set(ste, ats ? Ste.EATS_FULL : 0);
        Ste.PPAR.set(ste, ats ? 1 : 0);
        if (Arrays.equals(ste, entry)) {
            return false;
        }
        entry = ste;
        StructureWriter.write(driver.memory(), driver.streamEntry(stream), ste);
        invalidations.streamChanged(stream);
        return true;
    }

    private void describe(long[] ste, @Nullable Domain plain) {
        if (plain != null && plain.kind() == Domain.Kind.SECOND_STAGE) {
            Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_2);
            secondStage(ste, plain.id(), Objects.requireNonNull(plain.tables()).root());
        } else if (plain != null && plain.kind() == Domain.Kind.NESTED) {
            Domain parent = Objects.requireNonNull(plain.parent());
            describeGuest(ste, (GuestTables.Contexts) Objects.requireNonNull(plain.guestTables()));
            secondStage(
                    ste, parent.id(), Objects.requireNonNull(parent.tables()).root());
        } else if (plain != null && plain.kind() == Domain.Kind.IDENTITY && !contexts.hasPasids()) {
            Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE);
        } else if (!blocked || contexts.hasPasids()) {
            contexts.describe(ste, plain, blocked);
            Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1 | (guest == null ? 0 : Ste.CONFIG_STAGE_2));
            if (guest != null) {
                secondStage(ste, guest.tag(), guest.root());
            }
        }
    }

    /** What a guest may say is taken over, but for its first stage there is always the second behind it. */
    private static void describeGuest(long[] ste, GuestTables.Contexts contexts) {
        ste[0] = contexts.word0();
        ste[1] = contexts.word1();
        long config = Ste.V.isSet(ste) ? Ste.CONFIG.get(ste) : 0;
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, (config & Ste.CONFIG_ENABLE) == 0 ? 0 : config | Ste.CONFIG_STAGE_2);
    }

    private static void secondStage(long[] ste, int vmid, long root) {
        Ste.S2VMID.set(ste, vmid);
        Ste.S2T0SZ.set(ste, REGION_SHIFT);
        Ste.S2SL0.set(ste, START_LEVEL_0);
        Ste.S2PS.set(ste, SIZE_48_BITS);
        Ste.S2AA64.set(ste, 1);
        Ste.S2R.set(ste, 1);
        Ste.S2TTB.setInPlace(ste, root);
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
        PhysicalMemory memory = driver.memory();
        if (driver.stages() == StageLayout.STAGE_2) {
            if (pasid != IommuDriver.NO_PASID) {
                throw new IllegalArgumentException("PASID " + pasid + " is mapped for a device of a second stage alone,"
                        + " expected no PASID, or other stages");
            }
            return Domain.ofDevice(
                    Domain.Kind.SECOND_STAGE,
                    driver.vmids().take(),
                    new PageTables(SmmuTables.SECOND, memory, driver.pages(), 0),
                    null);
        }
        StreamDriver.checkPasid(pasid, driver.substreamBits());
        if (guest == null) {
            return Domain.ofDevice(
                    Domain.Kind.FIRST_STAGE,
                    driver.asids().take(),
                    new PageTables(SmmuTables.FIRST, memory, driver.pages(), 0),
                    null);
        }
        // A guest numbers its own address spaces.
        return Domain.ofDevice(
                Domain.Kind.FIRST_STAGE,
                guest.asids().take(),
                new PageTables(SmmuTables.FIRST, memory, guest.pages(), guest.offset()),
                guest);
    }

    @Override
    public void attach(int pasid, Domain domain) {
        attached.put(pasid, domain);
        if (pasid == IommuDriver.NO_PASID) {
            blocked = false;
        }
        if (domain.kind() != Domain.Kind.FIRST_STAGE) {
            writeEntry();
            return;
        }
        contexts.put(pasid, context(domain));
        backTables();
        if (!writeEntry()) {
            invalidations.contextChanged(stream, Math.max(pasid, 0));
        }
    }

    @Override
    public void detach(int pasid) {
        Domain domain = Objects.requireNonNull(attached.remove(pasid));
        if (pasid == IommuDriver.NO_PASID) {
            blocked = true;
        }
        if (domain.kind() == Domain.Kind.FIRST_STAGE) {
            contexts.clear(pasid);
            invalidations.contextChanged(stream, Math.max(pasid, 0));
            contexts.wipe(pasid);
        }
        writeEntry();
        forget(pasid, domain);
    }

    private void forget(int pasid, Domain domain) {
        driver.caches().tlbs(domain);
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
        long[] cd = context(domain);
        Cd.EPD0.set(cd, 1);
        Cd.R.set(cd, 0);
        Cd.TTB0.setInPlace(cd, 0);
        contexts.put(pasid, cd);
        invalidations.contextChanged(stream, Math.max(pasid, 0));
        forget(pasid, domain);
    }

    /** A device that does not answer may not use ATS any more. */
    void invalidateAtc(int pasid, long iova, long bytes) {
        if (ats && !driver.trustsDevices() && !invalidations.atc(stream, pasid, iova, bytes)) {
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
        if (ats && !driver.trustsDevices() && !invalidations.atcOfAllPasids(stream)) {
            distrust();
        }
    }

    @Override
    public void block(boolean hasPasids) {
        if (hasPasids && driver.features().pasids() != 0) {
            contexts.makeTable();
            backTables();
        }
        blocked = true;
        writeEntry();
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

    private static long[] context(Domain domain) {
        long[] cd = new long[Cd.WORDS];
        Cd.V.set(cd, 1);
        Cd.AA64.set(cd, 1);
        Cd.T0SZ.set(cd, REGION_SHIFT);
        Cd.EPD1.set(cd, 1);
        Cd.IPS.set(cd, SIZE_48_BITS);
        Cd.R.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.ASID.set(cd, domain.id());
        Cd.TTB0.setInPlace(cd, Objects.requireNonNull(domain.tables()).root());
        Cd.MAIR.set(cd, WRITE_BACK);
        return cd;
    }
}
