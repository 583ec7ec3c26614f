// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.function.Consumer;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.InterruptMessage;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.EventRegisters;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/**
 * Drives a VT-d unit as Linux does: queued invalidation, interrupt remapping, in scalable mode a PASID table for each device, strict
 * invalidation of aligned ranges. Structures and tables are in memory from 256 MiB on, those of guests from 64 TiB on.
 */
public final class VtdDriver extends StreamDriver<VtdDevice> {
    private static final long STRUCTURES = 1L << 28;
    private static final int MOST_REQUESTERS = 1 << 16;
    private static final int SCALABLE = 1;
    private static final int MOST_PHYSICAL_BITS = 52;
    /** Linux' FLPT_DEFAULT_DID, of what is told apart by PASIDs, or not translated. */
    private static final int SHARED_DOMAIN = 1;
    /** Domain 0 is not used with caching mode. */
    private static final int FIRST_DOMAIN = 2;

    private static final long INTERRUPT_WINDOW = 0xFEE0_0000L;
    private static final int DESTINATION_SHIFT = 12;
    private static final int LOGICAL = 1 << 2;
    private static final int FAULT_VECTOR = 0x20;
    private static final int PAGE_REQUEST_VECTOR = 0x21;

    private final RegisterFrame unit;
    private final PhysicalMemory memory;
    private final VtdOptions options;
    private final VtdFeatures features;
    private final VtdTables tables;
    private final PageAllocator pages = new PageAllocator(STRUCTURES);
    private final GlobalCommands commands;
    private final VtdFaults records;
    private final DescriptorSender queue;
    private final VtdInvalidations invalidations;
    private final @Nullable VtdInterrupts interrupts;
    private final VtdContexts contexts;
    private final @Nullable VtdPageQueue pageQueue;
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
        this(unit, memory, options, patience, boot, detect(unit));
    }

    private VtdDriver(
            RegisterFrame unit,
            PhysicalMemory memory,
            VtdOptions options,
            Patience patience,
            Consumer<VtdInterrupts> boot,
            VtdFeatures features) {
        super(Math.min(MOST_PHYSICAL_BITS, features.guestBits()), MOST_REQUESTERS, patience);
        this.unit = unit;
        this.memory = memory;
        this.options = options;
        this.features = features;
        tables = new VtdTables(features, options.scalable());
        domains = new IdPool("domain ids", FIRST_DOMAIN, 1 << features.domainBits());
        commands = new GlobalCommands(unit, patience);
        records = new VtdFaults(unit, features);

        // What firmware may have left: a unit in reset has no faults, and nothing is on.
        read(unit, VtdRegisters.GSTS);
        takeFaults();
        read(unit, VtdRegisters.GSTS);
        // Where there are descriptors of 256 bits, Linux uses them in legacy mode too.
        boolean wide = features.hasExtended(ExtendedCapability.SMTS);
        queue = new DescriptorSender(unit, memory, pages, wide, patience);
        commands.enable(VtdRegisters.QIE);
        invalidations = new VtdInvalidations(queue, features, options.release());
        caches = new VtdDomainCaches(invalidations, cachesMisses(), this::flushWriteBuffer);

        interrupts = features.hasExtended(ExtendedCapability.IR) ? remapInterrupts() : null;
        boolean early = interrupts != null && options.release().raisesFaultsEarly();
        if (early) {
            raise(VtdRegisters.FAULT_EVENT, FAULT_VECTOR);
            takeFaults();
            write(unit, VtdRegisters.FSTS, read(unit, VtdRegisters.FSTS));
        }
        if (interrupts != null) {
            boot.accept(interrupts);
        }

        read(unit, VtdRegisters.GSTS);
        contexts = new VtdContexts(memory, pages, options.scalable());
        write(
                unit,
                VtdRegisters.RTADDR,
                VtdRegisters.RTA.inPlace(contexts.root()) | VtdRegisters.TTM.of(options.scalable() ? SCALABLE : 0));
        commands.latch(VtdRegisters.SRTP);
        if (!features.has(Capability.ESRTPS)) {
            invalidations.everything(options.scalable());
        }
        if (hasPageRequests()) {
            raise(VtdRegisters.PAGE_REQUEST_EVENT, PAGE_REQUEST_VECTOR);
        }
        pageQueue = hasPageRequests() ? new VtdPageQueue(unit, memory, pages) : null;
        if (!early) {
            raise(VtdRegisters.FAULT_EVENT, FAULT_VECTOR);
        }
        commands.enable(VtdRegisters.TE);
        if (features.has(Capability.PLMR) || features.has(Capability.PHMR)) {
            commands.endProtectedMemory();
        }
    }

    /** As in {@code intel_enable_irq_remapping}. */
    private VtdInterrupts remapInterrupts() {
        read(unit, VtdRegisters.GSTS);
        VtdInterrupts made = new VtdInterrupts(
                memory, pages, invalidations, options.release().namesProcessorsByBits());
        write(unit, VtdRegisters.IRTA, made.register());
        commands.latch(VtdRegisters.SIRTP);
        if (!features.has(Capability.ESIRTPS)) {
            invalidations.interrupts();
            invalidations.complete();
        }
        commands.enable(VtdRegisters.IRE);
        if (options.compatibleInterrupts()) {
            commands.enable(VtdRegisters.CFI);
        }
        return made;
    }

    /** Linux reads what a unit can do when it finds it, and again when it takes it. */
    private static VtdFeatures detect(RegisterFrame unit) {
        read(unit, VtdRegisters.CAP);
        read(unit, VtdRegisters.ECAP);
        long cap = read(unit, VtdRegisters.CAP);
        long ecap = read(unit, VtdRegisters.ECAP);
        return new VtdFeatures(read(unit, VtdRegisters.VER), cap, ecap);
    }

    static long read(RegisterFrame unit, Register register) {
        return unit.readRegister(register.offset(), register.bytes());
    }

    static void write(RegisterFrame unit, Register register, long value) {
        unit.writeRegister(register.offset(), register.bytes(), value);
    }

    /** Lets an event of the unit send a message to the first processor, and no longer masks it. Linux says twice where to. */
    private void raise(EventRegisters event, int vector) {
        long destination = options.release().namesProcessorsByBits() ? 1 << DESTINATION_SHIFT | LOGICAL : 0;
        for (int i = 0; i < 2; i++) {
            write(unit, event.data(), vector);
            write(unit, event.address(), INTERRUPT_WINDOW | destination);
            write(unit, event.upperAddress(), 0);
        }
        write(unit, event.control(), 0);
        read(unit, event.control());
    }

    private boolean hasPageRequests() {
        return options.scalable() && features.hasExtended(ExtendedCapability.PRS);
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

    /** Whether the unit keeps what is not there in its caches too. */
    boolean cachesMisses() {
        return features.has(Capability.CM);
    }

    /** Makes sure that the unit sees what was written, if it wants to be asked (CAP.RWBF). */
    void flushWriteBuffer() {
        if (features.has(Capability.RWBF)) {
            commands.flushWriteBuffer();
        }
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

    VtdFeatures unitFeatures() {
        return features;
    }

    @Override
    VtdDomainCaches caches() {
        return caches;
    }

    @Override
    public HardwareRegisters hardware() {
        return new HardwareRegisters.VtdUnit(
                read(unit, VtdRegisters.VER), read(unit, VtdRegisters.CAP), read(unit, VtdRegisters.ECAP));
    }

    @Override
    public @Nullable GuestCommands guestCommands() {
        return null;
    }

    @Override
    public DriverFeatures features() {
        boolean pasid = options.scalable() && features.hasExtended(ExtendedCapability.PASID);
        return new DriverFeatures(
                pasid ? 1 << features.pasidBits() : 0,
                options.scalable() && features.hasExtended(ExtendedCapability.FSTS),
                !options.scalable() || features.hasExtended(ExtendedCapability.SSTS),
                features.hasExtended(ExtendedCapability.PT),
                options.scalable() && features.hasExtended(ExtendedCapability.NEST),
                false,
                features.hasExtended(ExtendedCapability.DT),
                hasPageRequests(),
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
        checkPasid(pasid, features.pasidBits());
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

    VtdContexts contexts() {
        return contexts;
    }

    VtdInvalidations invalidations() {
        return invalidations;
    }

    /** The address that was given, as interrupt addresses are not translated. Only with {@link VtdOptions#compatibleInterrupts} a message gets through. */
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
        VtdInterrupts all = interrupts();
        int index = all.allocate();
        all.activate(index, stream, vector, processor);
        return VtdInterrupts.message(index);
    }

    /** Lets an interrupt go to another processor, or by another vector; the device goes on writing the same. */
    public void moveInterrupt(InterruptMessage message, int stream, int vector, int processor) {
        interrupts().activate(VtdInterrupts.index(message), stream, vector, processor);
    }

    /** Takes an interrupt away: what the device writes is refused from now on. */
    public void unmapInterrupt(InterruptMessage message) {
        int index = VtdInterrupts.index(message);
        interrupts().deactivate(index);
        interrupts().free(index);
    }

    VtdInterrupts interrupts() {
        if (interrupts == null) {
            throw new IllegalArgumentException("an interrupt is mapped, expected a unit that remaps interrupts");
        }
        return interrupts;
    }

    @Override
    public void interrupt(String line) {
        switch (line) {
            case "fault" -> {
                long status = read(unit, VtdRegisters.FSTS);
                if ((status & DescriptorSender.ERRORS) != 0) {
                    queue.recover();
                }
                records.take(status, faults());
            }
            case "page-request" -> takePageRequests();
            default -> {}
        }
    }

    @Override
    public void takeFaults() {
        records.take(read(unit, VtdRegisters.FSTS), faults());
    }

    @Override
    public void takePageRequests() {
        if (pageQueue != null) {
            pageQueue.take(pageRequests());
        }
    }

    @Override
    void respond(PageRequest last, PageResponse.Code code) {
        invalidations.respond(last.streamId(), last.substreamId(), last.group(), code);
    }
}
