// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.function.Consumer;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.InterruptMessage;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;

/**
 * Drives a VT-d unit as Linux does: queued invalidation, interrupt remapping, in scalable mode a PASID table for each device, strict
 * invalidation of aligned ranges. Structures and tables are in memory from 256 MiB on, those of guests from 64 TiB on.
 */
public final class VtdDriver extends StreamDriver<VtdDevice> {
    private static final long STRUCTURES = 1L << 28;
    private static final int MOST_REQUESTERS = 1 << 16;
    private static final int MOST_PHYSICAL_BITS = 52;
    /** Linux' FLPT_DEFAULT_DID, of what is told apart by PASIDs, or not translated. */
    private static final int SHARED_DOMAIN = 1;
    /** Domain 0 is not used with caching mode. */
    private static final int FIRST_DOMAIN = 2;

    private final PhysicalMemory memory;
    private final VtdOptions options;
    private final VtdTables tables;
    private final PageAllocator pages = new PageAllocator(STRUCTURES);
    private final VtdUnit unit;
    private final VtdEntries entries;
    private final VtdDomainCaches caches;
    private final IdPool domains;
    private int identityDomain = SHARED_DOMAIN;

    /**
     * Brings a unit up that is in reset, in scalable mode: no device is translated for yet, all are refused. Software waits without
     * letting time pass.
     *
     * @param stages which stages devices get
     */
    public VtdDriver(RegisterFrame unit, PhysicalMemory memory, StageLayout stages) {
        this(unit, memory, stages, true, Patience.NONE);
    }

    /**
     * Brings a unit up that is in reset, see {@link VtdOptions#of}.
     *
     * @param stages which stages devices get; in legacy mode the second alone
     * @param scalable whether in scalable mode, else in legacy mode
     * @param patience how to wait
     */
    public VtdDriver(
            RegisterFrame unit, PhysicalMemory memory, StageLayout stages, boolean scalable, Patience patience) {
        this(unit, memory, VtdOptions.of(stages, scalable), patience);
    }

    /** Brings a unit up that is in reset. */
    public VtdDriver(RegisterFrame unit, PhysicalMemory memory, VtdOptions options, Patience patience) {
        this(unit, memory, options, patience, early -> {});
    }

    /**
     * Brings a unit up that is in reset.
     *
     * @param boot what the kernel does once interrupts are remapped and before anything is translated, on units that remap interrupts
     */
    VtdDriver(
            RegisterFrame unit,
            PhysicalMemory memory,
            VtdOptions options,
            Patience patience,
            Consumer<VtdInterrupts> boot) {
        this(unit, memory, options, patience, boot, VtdUnit.detect(unit));
    }

    private VtdDriver(
            RegisterFrame unit,
            PhysicalMemory memory,
            VtdOptions options,
            Patience patience,
            Consumer<VtdInterrupts> boot,
            VtdFeatures features) {
        super(Math.min(MOST_PHYSICAL_BITS, features.guestBits()), MOST_REQUESTERS, patience);
        this.memory = memory;
        this.options = options;
        tables = new VtdTables(features, options.scalable());
        domains = new IdPool("domain ids", FIRST_DOMAIN, 1 << features.domainBits());
        entries = new VtdEntries(features, tables);
        this.unit = new VtdUnit(unit, features, memory, pages, options, patience, boot);
        caches = new VtdDomainCaches(this.unit);
    }

    @Override
    VtdDevice create(int stream, int number) {
        if (stream >>> 16 != 0) {
            throw new IllegalArgumentException(
                    String.format("stream is 0x%x, expected a requester id, below 0x10000", stream));
        }
        return new VtdDevice(this, stream, number);
    }

    IdPool domains() {
        return domains;
    }

    VtdUnit unit() {
        return unit;
    }

    VtdEntries entries() {
        return entries;
    }

    PhysicalMemory memory() {
        return memory;
    }

    PageAllocator pages() {
        return pages;
    }

    StageLayout stages() {
        return options.stages();
    }

    boolean isScalable() {
        return options.scalable();
    }

    @Override
    VtdDomainCaches caches() {
        return caches;
    }

    @Override
    public HardwareRegisters hardware() {
        VtdFeatures features = unit.features();
        return new HardwareRegisters.VtdUnit(features.ver(), features.cap(), features.ecap());
    }

    @Override
    public DriverFeatures features() {
        VtdFeatures features = unit.features();
        boolean pasid = options.scalable() && features.hasExtended(ExtendedCapability.PASID);
        return new DriverFeatures(
                pasid ? 1 << features.pasidBits() : 0,
                options.scalable() && features.hasExtended(ExtendedCapability.FSTS),
                !options.scalable() || features.hasExtended(ExtendedCapability.SSTS),
                features.hasExtended(ExtendedCapability.PT),
                options.scalable() && features.hasExtended(ExtendedCapability.NEST),
                false,
                features.hasExtended(ExtendedCapability.DT),
                unit.hasPageRequests(),
                features.has(Capability.FS5LP) ? GuestTables.FIVE_LEVEL_BITS : GuestTables.FOUR_LEVEL_BITS,
                features.hasExtended(ExtendedCapability.SRS),
                features.hasExtended(ExtendedCapability.EAFS),
                // No unit that is modelled has ECAP.MTS.
                false);
    }

    @Override
    public PageTables newPageTables() {
        return new PageTables(tables.first(), memory, pages, 0);
    }

    @Override
    public boolean hasRoomForDomain() {
        return domains.hasMore();
    }

    /** All processes have the same domain id, and are told apart by their PASIDs. */
    @Override
    public boolean hasRoomToShare() {
        return true;
    }

    @Override
    public Domain newDomain(Domain.Kind kind) {
        return switch (kind) {
            case FIRST_STAGE -> made(Domain.of(kind, domains.take(), newPageTables()));
            case SECOND_STAGE ->
                made(Domain.of(kind, domains.take(), new PageTables(tables.second(), memory, pages, 0)));
            case IDENTITY -> made(Domain.bare(kind, identityDomain()));
            case NESTED ->
                throw new IllegalArgumentException("a nested domain is made alone, expected a guest's tables");
        };
    }

    /** One for all devices. */
    private int identityDomain() {
        if (identityDomain == SHARED_DOMAIN && options.release().identityHasDomain()) {
            identityDomain = domains.take();
        }
        return identityDomain;
    }

    @Override
    public Domain share(PageTables tables) {
        return made(Domain.of(Domain.Kind.FIRST_STAGE, SHARED_DOMAIN, tables));
    }

    @Override
    public Domain nest(Domain parent, GuestTables tables) {
        if (!(tables instanceof GuestTables.FirstStage)) {
            throw new IllegalArgumentException("a guest's context descriptors are nested, expected a first stage");
        }
        return made(Domain.nested(parent, domains.take(), tables));
    }

    @Override
    void check(int pasid, Domain domain) {
        checkPasid(pasid);
        boolean legacy = domain.kind() == Domain.Kind.SECOND_STAGE || domain.kind() == Domain.Kind.IDENTITY;
        if (!options.scalable() && !legacy) {
            throw new IllegalArgumentException("a domain of kind " + domain.kind()
                    + " is attached in legacy mode, expected SECOND_STAGE or IDENTITY");
        }
    }

    void checkPasid(int pasid) {
        if (!options.scalable() && pasid != NO_PASID) {
            throw new IllegalArgumentException(
                    "PASID " + pasid + " is mapped in legacy mode, expected no PASID, or scalable mode");
        }
        checkPasid(pasid, unit.features().pasidBits());
    }

    @Override
    void release(Domain domain) {
        boolean own = domain.kind() != Domain.Kind.IDENTITY;
        if (own && domain.guestMemory() == null && domain.id() != SHARED_DOMAIN) {
            domains.giveBack(domain.id());
        }
    }

    VtdTables tables() {
        return tables;
    }

    /**
     * The address that was given, as interrupt addresses are not translated. Only with {@link VtdOptions#compatibleInterrupts} a message
     * gets through.
     */
    @Override
    public long mapDoorbell(int stream, long doorbell) {
        return doorbell;
    }

    /**
     * Lets a device, and only that one, send an interrupt.
     *
     * @param vector that the processor gets, 0 to 255
     * @param processor its number
     * @return what the device has to write
     */
    public InterruptMessage mapInterrupt(int stream, int vector, int processor) {
        VtdInterrupts all = unit.interrupts();
        int index = all.allocate();
        all.activate(index, stream, vector, processor);
        return VtdInterrupts.message(index);
    }

    /** Lets an interrupt go to another processor, or by another vector; the device goes on writing the same. */
    public void moveInterrupt(InterruptMessage message, int stream, int vector, int processor) {
        unit.interrupts().activate(VtdInterrupts.index(message), stream, vector, processor);
    }

    /** Takes an interrupt away: what the device writes is refused from now on. */
    public void unmapInterrupt(InterruptMessage message) {
        int index = VtdInterrupts.index(message);
        unit.interrupts().deactivate(index);
        unit.interrupts().free(index);
    }

    @Override
    public void interrupt(String line) {
        switch (line) {
            case "fault" -> unit.faultEvent(faults());
            case "page-request" -> takePageRequests();
            default -> {}
        }
    }

    @Override
    public void takeFaults() {
        unit.takeFaults(faults());
    }

    @Override
    public void takePageRequests() {
        unit.takePageRequests(pageRequests());
    }

    @Override
    void respond(PageRequest last, PageResponse.Code code) {
        unit.invalidations().respond(last.streamId(), last.substreamId(), last.group(), code);
    }
}
