// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.bits.Register;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.EventRegisters;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.PageRequestDescriptor;
import org.iommuemu.vtd.spec.VtdRegisters;

/**
 * Drives a VT-d unit as Linux does: queued invalidation, in scalable mode a PASID table for each device, strict invalidation of aligned
 * ranges. Structures and tables are in memory from 256 MiB on, those of guests from 64 TiB on.
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
    private static final int FAULT_VECTOR = 0x20;
    private static final int PAGE_REQUEST_VECTOR = 0x21;
    private static final int PAGE_QUEUE_LOG2 = 11;
    private static final int PAGE_QUEUE_PAGES_LOG2 = 4;

    private final Vtd unit;
    private final PhysicalMemory memory;
    private final StageLayout stages;
    private final boolean scalable;
    private final VtdFeatures features;
    private final VtdTables tables;
    private final PageAllocator pages = new PageAllocator(STRUCTURES);
    private final VtdContexts contexts;
    private final DescriptorSender queue;
    private final VtdInvalidations invalidations;
    private final VtdDomainCaches caches;
    private final IdPool domains;
    private final long pageQueue;
    private int pageHead;
    private long command;

    /**
     * Brings a unit up that is in reset, in scalable mode: no device is translated for yet, all are refused. Software waits without
     * letting time pass.
     *
     * @param stages which stages devices get
     */
    public VtdDriver(Vtd unit, PhysicalMemory memory, StageLayout stages) {
        this(unit, memory, stages, true, Patience.NONE);
    }

    /**
     * Brings a unit up that is in reset.
     *
     * @param stages which stages devices get; in legacy mode the second alone
     * @param scalable whether in scalable mode, else in legacy mode
     * @param patience how to wait
     */
    public VtdDriver(Vtd unit, PhysicalMemory memory, StageLayout stages, boolean scalable, Patience patience) {
        this(unit, memory, stages, scalable, patience, readFeatures(unit));
    }

    private VtdDriver(
            Vtd unit,
            PhysicalMemory memory,
            StageLayout stages,
            boolean scalable,
            Patience patience,
            VtdFeatures features) {
        super(Math.min(MOST_PHYSICAL_BITS, features.guestBits()), MOST_REQUESTERS, patience);
        this.unit = unit;
        this.memory = memory;
        this.stages = stages;
        this.scalable = scalable;
        this.features = features;
        if (!scalable && stages != StageLayout.STAGE_2) {
            throw new IllegalArgumentException(
                    "stages are '" + stages.label() + "' in legacy mode, expected 2, or scalable mode");
        }
        tables = new VtdTables(features, scalable);
        domains = new IdPool("domain ids", FIRST_DOMAIN, 1 << features.domainBits());
        // Where there are descriptors of 256 bits, Linux uses them in legacy mode too.
        boolean wide = features.hasExtended(ExtendedCapability.SMTS);
        queue = new DescriptorSender(unit, memory, pages, wide, patience);
        invalidations =
                new VtdInvalidations(queue, features.has(Capability.PSI) ? Capability.MAMV.getInt(features.cap()) : -1);
        caches = new VtdDomainCaches(invalidations, features.has(Capability.CM));
        command(VtdRegisters.QIE.mask());
        contexts = new VtdContexts(memory, pages, scalable);
        write(
                unit,
                VtdRegisters.RTADDR,
                VtdRegisters.RTA.inPlace(contexts.root()) | VtdRegisters.TTM.of(scalable ? SCALABLE : 0));
        write(unit, VtdRegisters.GCMD, command | VtdRegisters.SRTP.mask());
        invalidations.everything(scalable);
        long bytes = (long) PageRequestDescriptor.BYTES << PAGE_QUEUE_LOG2;
        pageQueue = hasPageRequests() ? pages.allocate(bytes, bytes) : 0;
        if (hasPageRequests()) {
            write(unit, VtdRegisters.PQH, 0);
            write(unit, VtdRegisters.PQT, 0);
            write(
                    unit,
                    VtdRegisters.PQA,
                    VtdRegisters.IQ_ADDRESS.inPlace(pageQueue) | VtdRegisters.QS.of(PAGE_QUEUE_PAGES_LOG2));
            raise(VtdRegisters.PAGE_REQUEST_EVENT, PAGE_REQUEST_VECTOR);
        }
        raise(VtdRegisters.FAULT_EVENT, FAULT_VECTOR);
        command(VtdRegisters.TE.mask());
    }

    private static VtdFeatures readFeatures(Vtd unit) {
        return new VtdFeatures(
                read(unit, VtdRegisters.VER), read(unit, VtdRegisters.CAP), read(unit, VtdRegisters.ECAP));
    }

    static long read(Vtd unit, Register register) {
        return unit.readRegister(register.offset(), register.bytes());
    }

    static void write(Vtd unit, Register register, long value) {
        unit.writeRegister(register.offset(), register.bytes(), value);
    }

    /** Lets an event of the unit send a message, and no longer masks it. */
    private void raise(EventRegisters event, int vector) {
        write(unit, event.data(), vector);
        write(unit, event.address(), INTERRUPT_WINDOW);
        write(unit, event.upperAddress(), 0);
        write(unit, event.control(), 0);
    }

    private boolean hasPageRequests() {
        return scalable && features.hasExtended(ExtendedCapability.PRS);
    }

    /** Sets a bit of GCMD that stays. */
    private void command(long bit) {
        command |= bit;
        write(unit, VtdRegisters.GCMD, command);
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

    PhysicalMemory memory() {
        return memory;
    }

    PageAllocator pages() {
        return pages;
    }

    StageLayout stages() {
        return stages;
    }

    boolean isScalable() {
        return scalable;
    }

    VtdFeatures unitFeatures() {
        return features;
    }

    @Override
    VtdDomainCaches caches() {
        return caches;
    }

    @Override
    public DriverFeatures features() {
        boolean pasid = scalable && features.hasExtended(ExtendedCapability.PASID);
        return new DriverFeatures(
                pasid ? 1 << features.pasidBits() : 0,
                scalable && features.hasExtended(ExtendedCapability.FSTS),
                !scalable || features.hasExtended(ExtendedCapability.SSTS),
                scalable && features.hasExtended(ExtendedCapability.NEST),
                false,
                features.hasExtended(ExtendedCapability.DT),
                hasPageRequests(),
                VtdTables.FOUR_LEVEL_BITS);
    }

    @Override
    public PageTables newPageTables() {
        return new PageTables(tables.first(), memory, pages, 0);
    }

    @Override
    public Domain newDomain(Domain.Kind kind) {
        return switch (kind) {
            case FIRST_STAGE -> made(Domain.of(kind, domains.take(), newPageTables()));
            case SECOND_STAGE ->
                made(Domain.of(kind, domains.take(), new PageTables(tables.second(), memory, pages, 0)));
            case IDENTITY -> made(Domain.bare(kind, SHARED_DOMAIN));
            case NESTED ->
                throw new IllegalArgumentException("a nested domain is made alone, expected a guest's tables");
        };
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
        return made(Domain.nested(parent, 0, tables));
    }

    @Override
    void check(int pasid, Domain domain) {
        checkPasid(pasid);
        boolean legacy = domain.kind() == Domain.Kind.SECOND_STAGE || domain.kind() == Domain.Kind.IDENTITY;
        if (!scalable && !legacy) {
            throw new IllegalArgumentException("a domain of kind " + domain.kind()
                    + " is attached in legacy mode, expected SECOND_STAGE or IDENTITY");
        }
    }

    void checkPasid(int pasid) {
        if (!scalable && pasid != NO_PASID) {
            throw new IllegalArgumentException(
                    "PASID " + pasid + " is mapped in legacy mode, expected no PASID, or scalable mode");
        }
        checkPasid(pasid, features.pasidBits());
    }

    @Override
    void release(Domain domain) {
        boolean own = domain.kind() == Domain.Kind.FIRST_STAGE || domain.kind() == Domain.Kind.SECOND_STAGE;
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

    @Override
    public long mapDoorbell(int stream, long doorbell) {
        return doorbell;
    }

    @Override
    public void interrupt(String line) {
        switch (line) {
            case "fault" -> {
                queue.recover();
                takeFaults();
            }
            case "page-request" -> takePageRequests();
            default -> {}
        }
    }

    /** From the record that FRI names on, in their order, as Linux' {@code dmar_fault} does. */
    @Override
    public void takeFaults() {
        long found = read(unit, VtdRegisters.FSTS);
        int index = VtdRegisters.FRI.getInt(found);
        boolean more = VtdRegisters.PPF.isSet(found);
        while (more) {
            int at = features.faultRecordOffset() + index * FaultRecord.BYTES;
            long low = unit.readRegister(at, Long.BYTES);
            long high = unit.readRegister(at + Long.BYTES, Long.BYTES);
            more = FaultRecord.F.isSet(high);
            if (more) {
                unit.writeRegister(at + Long.BYTES, Long.BYTES, FaultRecord.F.mask());
                faults().refused(VtdRecords.fault(low, high));
                index = (index + 1) % features.faultRecords();
            }
        }
        if (VtdRegisters.PFO.isSet(read(unit, VtdRegisters.FSTS))) {
            write(unit, VtdRegisters.FSTS, VtdRegisters.PFO.mask());
            faults().overflowed();
        }
    }

    /** As Linux' {@code prq_event_thread} does: an overflow is acknowledged when the queue is empty. */
    @Override
    public void takePageRequests() {
        if (!hasPageRequests()) {
            return;
        }
        write(unit, VtdRegisters.PRS, VtdRegisters.PPR.mask());
        for (int tail = pageTail(); pageHead != tail; tail = pageTail()) {
            long at = pageQueue + (long) pageHead * PageRequestDescriptor.BYTES;
            PageRequest request = VtdRecords.pageRequest(memory, at);
            pageHead = pageHead + 1 & (1 << PAGE_QUEUE_LOG2) - 1;
            write(unit, VtdRegisters.PQH, (long) pageHead * PageRequestDescriptor.BYTES);
            pageRequests().take(request);
        }
        if (VtdRegisters.PRO.isSet(read(unit, VtdRegisters.PRS))) {
            pageRequests().overflowed();
            write(unit, VtdRegisters.PRS, VtdRegisters.PRO.mask());
        }
    }

    private int pageTail() {
        return (int) (read(unit, VtdRegisters.PQT) / PageRequestDescriptor.BYTES);
    }

    @Override
    void respond(PageRequest last, PageResponse.Code code) {
        invalidations.respond(last.streamId(), last.substreamId(), last.group(), code);
    }
}
