// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.PriEntry;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * Drives an SMMUv3 as Linux does, with tables of 4 KiB granules and 48-bit addresses: two-level stream table, strict invalidation by range.
 * Structures and tables are in memory from 256 MiB on, those of guests from 64 TiB on.
 */
public final class SmmuDriver extends StreamDriver<SmmuDevice> {
    /** VMIDs and ASIDs have 16 bits. */
    private static final int MOST_STREAMS = 0xFFFF;

    private static final long STRUCTURES = 1L << 28;
    private static final int STREAM_BITS = 32;
    private static final int SPLIT = 8;
    private static final int MOST_SUBSTREAM_BITS = 20;
    private static final int TWO_LEVEL = 1;
    private static final int EVENT_QUEUE_LOG2 = 10;
    private static final int PAGE_QUEUE_LOG2 = 10;
    /** Where Linux maps the doorbell of interrupts for devices. */
    private static final long DOORBELLS = 0x800_0000L;

    private static final int PAGE_SHIFT = 12;
    private static final long PAGE = 1L << PAGE_SHIFT;

    private final SmmuV3 smmu;
    private final PhysicalMemory memory;
    private final StageLayout stages;
    private final boolean trusting;
    private final DriverFeatures features;
    private final PageAllocator pages = new PageAllocator(STRUCTURES);
    private final CommandSender commands;
    private final SmmuInvalidations invalidations;
    private final OutputQueue events;
    private final OutputQueue requests;
    private final long streamTable;
    private final SmmuDomainCaches caches;
    private final IdPool asids = new IdPool("ASIDs", 1, MOST_STREAMS + 1);
    private final IdPool vmids = new IdPool("VMIDs", 1, MOST_STREAMS + 1);
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
     * Brings a machine up that is in reset.
     *
     * @param stages which stages devices get
     * @param patience how to wait
     */
    public SmmuDriver(SmmuV3 smmu, PhysicalMemory memory, StageLayout stages, Patience patience) {
        this(smmu, memory, stages, patience, false);
    }

    /**
     * Brings a machine up for a replay, whose trace itself says what devices do and when ATCs are invalidated: every device may use ATS,
     * and is trusted with it; nothing is sent to ATCs, page requests are not answered, and there are no interrupts.
     */
    public static SmmuDriver trusting(SmmuV3 smmu, PhysicalMemory memory, StageLayout stages) {
        return new SmmuDriver(smmu, memory, stages, Patience.NONE, true);
    }

    private SmmuDriver(SmmuV3 smmu, PhysicalMemory memory, StageLayout stages, Patience patience, boolean trusting) {
        super(SmmuTables.ADDRESS_BITS, MOST_STREAMS, patience);
        this.smmu = smmu;
        this.memory = memory;
        this.stages = stages;
        this.trusting = trusting;
        features = readFeatures();
        long tableBytes = (long) L1Std.BYTES << STREAM_BITS - SPLIT;
        streamTable = pages.allocate(tableBytes, tableBytes);
        write(smmu, Registers.STRTAB_BASE, Registers.STRTAB_ADDR.inPlace(streamTable));
        write(
                smmu,
                Registers.STRTAB_BASE_CFG,
                Registers.STRTAB_FMT.of(TWO_LEVEL)
                        | Registers.STRTAB_SPLIT.of(SPLIT)
                        | Registers.STRTAB_LOG2SIZE.of(STREAM_BITS));
        commands = new CommandSender(smmu, memory, pages, patience);
        invalidations = new SmmuInvalidations(commands);
        caches = new SmmuDomainCaches(invalidations);
        events = new OutputQueue(
                smmu,
                pages,
                Registers.EVENTQ_BASE,
                Registers.EVENTQ_PROD,
                Registers.EVENTQ_CONS,
                Event.BYTES,
                EVENT_QUEUE_LOG2);
        requests = new OutputQueue(
                smmu,
                pages,
                Registers.PRIQ_BASE,
                Registers.PRIQ_PROD,
                Registers.PRIQ_CONS,
                PriEntry.BYTES,
                PAGE_QUEUE_LOG2);
        write(smmu, Registers.CR2, Registers.RECINVSID.of(1));
        long on = Registers.CMDQEN.of(1)
                | Registers.EVENTQEN.of(1)
                | Registers.PRIQEN.of(1)
                | Registers.ATSCHK.of(trusting ? 0 : 1);
        write(smmu, Registers.CR0, on);
        if (!trusting) {
            write(
                    smmu,
                    Registers.IRQ_CTRL,
                    Registers.EVENTQ_IRQEN.of(1) | Registers.PRIQ_IRQEN.of(1) | Registers.GERROR_IRQEN.of(1));
        }
        write(smmu, Registers.CR0, on | Registers.SMMUEN.of(1));
    }

    static long read(SmmuV3 smmu, Register register) {
        return smmu.readRegister(register.offset(), register.bytes());
    }

    static void write(SmmuV3 smmu, Register register, long value) {
        smmu.writeRegister(register.offset(), register.bytes(), value);
    }

    @Override
    SmmuDevice create(int stream, int number) {
        return new SmmuDevice(this, stream, number);
    }

    /** Where a stream's entry is; the table that it is in is made if it does not exist. */
    long streamEntry(int stream) {
        long index = Integer.toUnsignedLong(stream);
        long first = streamTable + (index >>> SPLIT) * L1Std.BYTES;
        if (memory.readLong(first) == 0) {
            long bytes = (long) Ste.BYTES << SPLIT;
            memory.writeLong(first, L1Std.L2_PTR.inPlace(pages.allocate(bytes, bytes)) | L1Std.SPAN.of(SPLIT + 1L));
        }
        return L1Std.L2_PTR.inPlace(memory.readLong(first)) + (index & (1 << SPLIT) - 1) * Ste.BYTES;
    }

    @Override
    SmmuDomainCaches caches() {
        return caches;
    }

    @Override
    public HardwareRegisters hardware() {
        List<Register> features =
                List.of(Registers.IDR0, Registers.IDR1, Registers.IDR2, Registers.IDR3, Registers.IDR4, Registers.IDR5);
        return new HardwareRegisters.Smmu(
                features.stream().map(r -> (int) read(smmu, r)).toList(), (int) read(smmu, Registers.IIDR), (int)
                        read(smmu, Registers.AIDR));
    }

    @Override
    public GuestCommands guestCommands() {
        return (word0, word1) -> {
            commands.add(word0, word1);
            commands.sync();
        };
    }

    @Override
    public DriverFeatures features() {
        return features;
    }

    /** Width of PASIDs; 0 without. */
    int substreamBits() {
        return Integer.numberOfTrailingZeros(Math.max(features.pasids(), 1));
    }

    private DriverFeatures readFeatures() {
        long idr0 = read(smmu, Registers.IDR0);
        int substreamBits = Idr.SSIDSIZE.getInt(read(smmu, Registers.IDR1));
        boolean both = Idr.S1P.isSet(idr0) && Idr.S2P.isSet(idr0);
        boolean pasids = Idr.S1P.isSet(idr0) && Idr.CD2L.isSet(idr0) && substreamBits != 0;
        return new DriverFeatures(
                pasids ? 1 << Math.min(substreamBits, MOST_SUBSTREAM_BITS) : 0,
                Idr.S1P.isSet(idr0),
                Idr.S2P.isSet(idr0),
                true,
                both,
                both,
                Idr.ATS.isSet(idr0),
                Idr.PRI.isSet(idr0),
                SmmuTables.ADDRESS_BITS,
                false,
                false,
                false);
    }

    @Override
    public boolean guestInvalidate(Domain guest, int stream, long word0, long word1) {
        SmmuGuestCommands.Rewritten sent = SmmuGuestCommands.rewrite(guest.id(), stream, word0, word1);
        if (sent == null) {
            return false;
        }
        boolean answered = invalidations.send(sent.word0(), sent.word1());
        SmmuDevice device = known(stream);
        if (!answered && device != null) {
            device.distrust();
        }
        return true;
    }

    @Override
    public PageTables newPageTables() {
        return new PageTables(SmmuTables.FIRST, memory, pages, 0);
    }

    @Override
    public boolean hasRoomForDomain() {
        return asids.hasMore() && vmids.hasMore();
    }

    @Override
    public Domain newDomain(Domain.Kind kind) {
        return switch (kind) {
            case FIRST_STAGE -> made(Domain.of(kind, asids.take(), newPageTables()));
            case SECOND_STAGE ->
                made(Domain.of(kind, vmids.take(), new PageTables(SmmuTables.SECOND, memory, pages, 0)));
            case IDENTITY -> made(Domain.bare(kind, 0));
            case NESTED ->
                throw new IllegalArgumentException("a nested domain is made alone, expected a guest's tables");
        };
    }

    @Override
    public Domain share(PageTables tables) {
        return made(Domain.of(Domain.Kind.FIRST_STAGE, asids.take(), tables));
    }

    @Override
    public Domain nest(Domain parent, GuestTables tables) {
        if (!(tables instanceof GuestTables.Contexts)) {
            throw new IllegalArgumentException("a guest's first stage is nested, expected its context descriptors");
        }
        return made(Domain.nested(parent, parent.id(), tables));
    }

    @Override
    void check(int pasid, Domain domain) {
        if (pasid == NO_PASID) {
            return;
        }
        checkPasid(pasid, substreamBits());
        if (domain.kind() != Domain.Kind.FIRST_STAGE) {
            throw new IllegalArgumentException(
                    "PASID " + pasid + " is attached to a domain of kind " + domain.kind() + ", expected FIRST_STAGE");
        }
    }

    @Override
    void release(Domain domain) {
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

    SmmuInvalidations invalidations() {
        return invalidations;
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
        long page = doorbell & -PAGE;
        Long at = known.get(page);
        if (at == null) {
            at = DOORBELLS + known.size() * PAGE;
            map(stream, NO_PASID, at, page, PAGE, PAGE_SHIFT, WRITE);
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
                faults().recorded(SmmuRecords.fault(memory, at), SmmuRecords.words(memory, at));
            }
            if (events.publish()) {
                faults().overflowed();
            }
        } while (events.isReadable());
    }

    @Override
    public void takePageRequests() {
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
