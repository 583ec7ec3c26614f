// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.PriEntry;
import org.iommuemu.smmuv3.spec.Registers;
import org.jspecify.annotations.Nullable;

/**
 * Drives an SMMUv3 as Linux does: the same register accesses, commands and structures, for its version and page size. Structures and tables are
 * in memory from 256 MiB on, those of guests from 64 TiB on.
 */
public final class SmmuDriver extends StreamDriver<SmmuDevice> {
    private static final int MOST_STREAMS = 0xFFFF;

    private static final long STRUCTURES = 1L << 28;
    /** Where Linux maps the doorbell of interrupts for devices that it gives away. */
    private static final long DOORBELLS = 0x800_0000L;

    private final RegisterFrame smmu;
    private final PhysicalMemory memory;
    private final StageLayout stages;
    private final SmmuOptions options;
    private final boolean trusting;
    private final SmmuHardware hardware;
    private final SmmuTables tables;
    private final SmmuStructures structures;
    private final PageAllocator pages = new PageAllocator(STRUCTURES);
    private final SmmuStreamTable streams;
    private final CommandSender commands;
    private final SmmuInvalidations invalidations;
    private final SmmuStructureWriter writer;
    private final OutputQueue events;
    private final @Nullable OutputQueue requests;
    private final SmmuDomainCaches caches;
    private final IdPool asids;
    private final IdPool vmids;
    private final Map<Integer, Map<Long, Long>> doorbells = new TreeMap<>();

    /**
     * Brings a machine up that is in reset: no device is translated for yet, all are refused. Software waits without letting time pass.
     *
     * @param stages which stages devices get
     */
    public SmmuDriver(SmmuV3 smmu, PhysicalMemory memory, StageLayout stages) {
        this(smmu, memory, stages, Patience.NONE);
    }

    /**
     * Brings a machine up that is in reset, as {@link SmmuOptions#standard()} has it.
     *
     * @param stages which stages devices get
     * @param patience how to wait
     */
    public SmmuDriver(SmmuV3 smmu, PhysicalMemory memory, StageLayout stages, Patience patience) {
        this(smmu, memory, stages, SmmuOptions.standard(), patience);
    }

    /**
     * Brings a machine up.
     *
     * @param smmu its registers
     * @param stages which stages devices get
     * @param patience how to wait
     * @throws IllegalArgumentException if the SMMU does not have the stages or pages
     */
    public SmmuDriver(
            RegisterFrame smmu, PhysicalMemory memory, StageLayout stages, SmmuOptions options, Patience patience) {
        this(smmu, SmmuHardware.read(smmu), memory, stages, options, patience, false);
    }

    /**
     * Brings a machine up for a replay, whose trace itself says what devices do and when ATCs are invalidated: every device may use ATS,
     * and is trusted with it; nothing is sent to ATCs, page requests are not answered, and there are no interrupts. The stream table covers all
     * StreamIDs.
     */
    public static SmmuDriver trusting(SmmuV3 smmu, PhysicalMemory memory, StageLayout stages) {
        return new SmmuDriver(
                smmu, SmmuHardware.read(smmu), memory, stages, SmmuOptions.standard(), Patience.NONE, true);
    }

    private SmmuDriver(
            RegisterFrame smmu,
            SmmuHardware hardware,
            PhysicalMemory memory,
            StageLayout stages,
            SmmuOptions options,
            Patience patience,
            boolean trusting) {
        super(hardware.addressBits(), MOST_STREAMS, patience);
        hardware.check(stages, options.pageShift());
        if (stages == StageLayout.NESTED && options.pageShift() != GuestMemory.GRANULE) {
            throw new IllegalArgumentException(
                    "a guest's memory has pages of 2^" + options.pageShift() + " bytes, expected 2^12");
        }
        this.smmu = smmu;
        this.hardware = hardware;
        this.memory = memory;
        this.stages = stages;
        this.options = options;
        this.trusting = trusting;
        tables = SmmuTables.of(options.pageShift(), hardware.intermediateBits());
        structures = new SmmuStructures(hardware, tables, options.version());
        asids = new IdPool("ASIDs", 1, 1 << hardware.asidBits());
        vmids = new IdPool("VMIDs", 1, 1 << hardware.vmidBits());
        streams = new SmmuStreamTable(memory, pages, hardware, trusting, structures.refused());

        SmmuReset reset = new SmmuReset(smmu, patience);
        reset.disable();
        reset.configure(streams);
        int page = options.pageShift();
        commands = new CommandSender(smmu, memory, pages, patience, hardware.queueLog2(Idr.CMDQS, Command.BYTES, page));
        invalidations = new SmmuInvalidations(commands, page, hardware.hasRangeInvalidation());
        writer = new SmmuStructureWriter(memory, invalidations, options.version());
        caches = new SmmuDomainCaches(invalidations);
        reset.enable(Registers.CMDQEN.of(1));
        invalidations.everything(hardware.hasHypervisor());
        events = new OutputQueue(
                smmu,
                pages,
                Registers.EVENTQ_BASE,
                Registers.EVENTQ_PROD,
                Registers.EVENTQ_CONS,
                Event.BYTES,
                hardware.queueLog2(Idr.EVENTQS, Event.BYTES, page));
        reset.enable(Registers.EVENTQEN.of(1));
        requests = hardware.hasPageRequests() ? newRequestQueue() : null;
        if (requests != null) {
            reset.enable(Registers.PRIQEN.of(1));
        }
        if (hardware.hasAts() && !trusting) {
            reset.enable(Registers.ATSCHK.of(1));
        }
        if (!trusting) {
            reset.enableInterrupts(requests != null);
        }
        reset.enable(Registers.SMMUEN.of(1));
    }

    private OutputQueue newRequestQueue() {
        return new OutputQueue(
                smmu,
                pages,
                Registers.PRIQ_BASE,
                Registers.PRIQ_PROD,
                Registers.PRIQ_CONS,
                PriEntry.BYTES,
                hardware.queueLog2(Idr.PRIQS, PriEntry.BYTES, options.pageShift()));
    }

    static long read(RegisterFrame smmu, Register register) {
        return smmu.readRegister(register.offset(), register.bytes());
    }

    static void write(RegisterFrame smmu, Register register, long value) {
        smmu.writeRegister(register.offset(), register.bytes(), value);
    }

    @Override
    SmmuDevice create(int stream, int number) {
        streams.check(stream);
        return new SmmuDevice(this, stream, number);
    }

    @Override
    SmmuDomainCaches caches() {
        return caches;
    }

    @Override
    public DriverFeatures features() {
        boolean first = hardware.hasFirstStage();
        return new DriverFeatures(
                first && hardware.substreamBits() != 0 ? 1 << hardware.substreamBits() : 0,
                first,
                hardware.hasSecondStage(),
                first && hardware.hasSecondStage(),
                true,
                hardware.hasAts(),
                hardware.hasPageRequests(),
                SmmuTables.ADDRESS_BITS);
    }

    @Override
    public PageTables newPageTables() {
        return new PageTables(tables.first(), memory, pages, 0);
    }

    @Override
    public Domain newDomain(Domain.Kind kind) {
        return switch (kind) {
            case FIRST_STAGE -> Domain.of(kind, asids.take(), newPageTables());
            case SECOND_STAGE -> Domain.of(kind, vmids.take(), new PageTables(tables.second(), memory, pages, 0));
            case IDENTITY -> Domain.bare(kind, 0);
            case NESTED ->
                throw new IllegalArgumentException("a nested domain is made alone, expected a guest's tables");
        };
    }

    @Override
    public Domain share(PageTables tables) {
        return Domain.of(Domain.Kind.FIRST_STAGE, asids.take(), tables);
    }

    @Override
    public Domain nest(Domain parent, GuestTables tables) {
        if (!(tables instanceof GuestTables.Contexts)) {
            throw new IllegalArgumentException("a guest's first stage is nested, expected its context descriptors");
        }
        return Domain.nested(parent, 0, tables);
    }

    @Override
    void check(int pasid, Domain domain) {
        if (pasid == NO_PASID) {
            return;
        }
        checkPasid(pasid);
        if (domain.kind() != Domain.Kind.FIRST_STAGE) {
            throw new IllegalArgumentException(
                    "PASID " + pasid + " is attached to a domain of kind " + domain.kind() + ", expected FIRST_STAGE");
        }
    }

    /** Refuses a PASID that the SMMU does not have. */
    void checkPasid(int pasid) {
        if (pasid != NO_PASID && hardware.substreamBits() == 0) {
            throw new IllegalArgumentException("PASID " + pasid + " is mapped, expected no PASID: the SMMU has none");
        }
        checkPasid(pasid, hardware.substreamBits());
    }

    /** Frees what a domain's translations are tagged with: nothing is left of them by then. */
    @Override
    void release(Domain domain) {
        if (domain.isPrepared()) {
            caches.tlbs(domain);
        }
        GuestMemory guest = domain.guestMemory();
        switch (domain.kind()) {
            case FIRST_STAGE -> (guest == null ? asids : guest.asids()).giveBack(domain.id());
            case SECOND_STAGE -> vmids.giveBack(domain.id());
            default -> {}
        }
    }

    IdPool asids() {
        return asids;
    }

    IdPool vmids() {
        return vmids;
    }

    PhysicalMemory memory() {
        return memory;
    }

    PageAllocator pages() {
        return pages;
    }

    CommandSender commands() {
        return commands;
    }

    SmmuInvalidations invalidations() {
        return invalidations;
    }

    SmmuStructureWriter writer() {
        return writer;
    }

    SmmuStructures structures() {
        return structures;
    }

    SmmuStreamTable streams() {
        return streams;
    }

    SmmuHardware hardware() {
        return hardware;
    }

    SmmuTables tables() {
        return tables;
    }

    LinuxVersion version() {
        return options.version();
    }

    StageLayout stages() {
        return stages;
    }

    /** Whether devices may use ATS without being told of invalidations. */
    boolean trustsDevices() {
        return trusting;
    }

    @Override
    public long mapDoorbell(int stream, long doorbell) {
        Map<Long, Long> known = doorbells.computeIfAbsent(stream, s -> new TreeMap<>());
        int shift = options.pageShift();
        long page = doorbell & -(1L << shift);
        Long at = known.get(page);
        if (at == null) {
            at = DOORBELLS + ((long) known.size() << shift);
            map(stream, NO_PASID, at, page, 1L << shift, shift, WRITE);
            known.put(page, at);
        }
        return at + (doorbell - page);
    }

    @Override
    public void interrupt(String line) {
        switch (line) {
            case "eventq" -> takeFaults();
            case "priq" -> takePageRequests();
            case "gerror" -> serveErrors();
            default -> {}
        }
    }

    private void serveErrors() {
        commands.recover();
        long active = read(smmu, Registers.GERROR) ^ read(smmu, Registers.GERRORN);
        if (Registers.EVENTQ_ABT_ERR.isSet(active)) {
            faults().overflowed();
        }
        if (Registers.PRIQ_ABT_ERR.isSet(active)) {
            pageRequests().overflowed();
        }
        // A command error that has come up since is served by its own interrupt.
        write(smmu, Registers.GERRORN, read(smmu, Registers.GERRORN) ^ active & ~Registers.CMDQ_ERR.mask());
    }

    @Override
    public void takeFaults() {
        if (faults() == FaultListener.NONE) {
            events.skip();
            return;
        }
        do {
            for (long at = events.take(); at >= 0; at = events.take()) {
                faults().refused(SmmuRecords.fault(memory, at));
            }
            if (events.publish()) {
                faults().overflowed();
            }
        } while (events.isReadable());
    }

    @Override
    public void takePageRequests() {
        if (requests == null) {
            return;
        }
        if (trusting) {
            requests.skip();
            return;
        }
        do {
            for (long at = requests.take(); at >= 0; at = requests.take()) {
                pageRequests().take(SmmuRecords.pageRequest(memory, at));
            }
            if (requests.publish()) {
                pageRequests().overflowed();
            }
        } while (requests.isReadable());
    }

    @Override
    void respond(PageRequest last, PageResponse.Code code) {
        invalidations.respond(last.streamId(), last.substreamId(), last.group(), code);
    }
}
