// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.LongFunction;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Registers;
import org.jspecify.annotations.Nullable;

/**
 * Drives an SMMUv3 as Linux does: the same register accesses, commands and structures, for its version and page size. Structures and tables are
 * in memory from 256 MiB on, those of guests from 64 TiB on.
 */
public final class SmmuDriver extends StreamDriver<SmmuDevice> {
    private static final int MOST_STREAMS = 0xFFFF;

    /** Where Linux maps the doorbell of interrupts for devices that it gives away. */
    private static final long DOORBELLS = 0x800_0000L;

    private final RegisterFrame smmu;
    private final SmmuSetup setup;
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
        this(smmu, new SmmuSetup(smmu, memory, stages, options, patience, false, true), patience);
    }

    /**
     * Brings a machine up for a replay, whose trace itself says what devices do: every device may use ATS, and is trusted with it; page
     * requests are not answered, and there are no interrupts. The stream table covers all StreamIDs.
     *
     * @param stages which stages devices get
     * @param patience how to wait
     * @param telling whether ATCs are told of invalidations, or the trace says that too
     * @throws IllegalArgumentException if the SMMU does not have the stages or pages
     */
    public static SmmuDriver trusting(
            SmmuV3 smmu,
            PhysicalMemory memory,
            StageLayout stages,
            SmmuOptions options,
            Patience patience,
            boolean telling) {
        return new SmmuDriver(smmu, new SmmuSetup(smmu, memory, stages, options, patience, true, telling), patience);
    }

    private SmmuDriver(RegisterFrame smmu, SmmuSetup setup, Patience patience) {
        super(setup.hardware().addressBits(), MOST_STREAMS, patience);
        this.smmu = smmu;
        this.setup = setup;
        events = setup.events();
        requests = setup.requests();
        caches = new SmmuDomainCaches(setup.invalidations());
        asids = new IdPool("ASIDs", 1, 1 << setup.hardware().asidBits());
        vmids = new IdPool("VMIDs", 1, 1 << setup.hardware().vmidBits());
    }

    static long read(RegisterFrame smmu, Register register) {
        return smmu.readRegister(register.offset(), register.bytes());
    }

    static void write(RegisterFrame smmu, Register register, long value) {
        smmu.writeRegister(register.offset(), register.bytes(), value);
    }

    @Override
    SmmuDevice create(int stream, int number) {
        setup.streams().check(stream);
        return new SmmuDevice(this, stream, number);
    }

    @Override
    SmmuDomainCaches caches() {
        return caches;
    }

    @Override
    public HardwareRegisters hardware() {
        return SmmuHardware.registers(smmu);
    }

    @Override
    public DriverFeatures features() {
        SmmuHardware hardware = setup.hardware();
        boolean first = hardware.hasFirstStage();
        boolean both = first && hardware.hasSecondStage();
        return new DriverFeatures(
                first && hardware.substreamBits() != 0 ? 1 << hardware.substreamBits() : 0,
                first,
                hardware.hasSecondStage(),
                true,
                both,
                both,
                hardware.hasAts(),
                hardware.hasPageRequests(),
                SmmuTables.ADDRESS_BITS,
                false,
                false,
                false);
    }

    @Override
    public boolean guestInvalidate(Domain guest, LongFunction<OptionalInt> streams, long word0, long word1) {
        SmmuGuestCommands.Rewritten sent = SmmuGuestCommands.rewrite(guest.id(), streams, word0, word1);
        if (sent == null) {
            return false;
        }
        boolean answered = setup.invalidations().send(sent.word0(), sent.word1());
        if (!answered) {
            sent.stream().ifPresent(stream -> {
                SmmuDevice device = known(stream);
                if (device != null) {
                    device.distrust();
                }
            });
        }
        return true;
    }

    @Override
    public PageTables newPageTables() {
        return setup.newFirstTables();
    }

    @Override
    public boolean hasRoomForDomain() {
        return asids.hasMore() && vmids.hasMore();
    }

    @Override
    public boolean hasRoomToShare() {
        return asids.hasMore();
    }

    @Override
    public Domain newDomain(Domain.Kind kind) {
        return switch (kind) {
            case FIRST_STAGE -> made(Domain.of(kind, asids.take(), newPageTables()));
            case SECOND_STAGE -> made(Domain.of(kind, vmids.take(), setup.newSecondTables()));
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
        checkPasid(pasid);
        if (domain.kind() != Domain.Kind.FIRST_STAGE) {
            throw new IllegalArgumentException(
                    "PASID " + pasid + " is attached to a domain of kind " + domain.kind() + ", expected FIRST_STAGE");
        }
    }

    /** Refuses a PASID that the SMMU does not have. */
    void checkPasid(int pasid) {
        int bits = setup.hardware().substreamBits();
        if (pasid != NO_PASID && bits == 0) {
            throw new IllegalArgumentException("PASID " + pasid + " is mapped, expected no PASID: the SMMU has none");
        }
        checkPasid(pasid, bits);
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

    /** What there is for the SMMU. */
    SmmuSetup setup() {
        return setup;
    }

    @Override
    public long mapDoorbell(int stream, long doorbell) {
        Map<Long, Long> known = doorbells.computeIfAbsent(stream, s -> new TreeMap<>());
        int shift = setup.pageShift();
        long page = doorbell & -(1L << shift);
        Long at = known.get(page);
        if (at == null) {
            at = DOORBELLS + ((long) known.size() << shift);
            map(stream, NO_PASID, at, page, 1L << shift, shift, READ | WRITE | MMIO);
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
        setup.commands().recover();
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
                faults().recorded(SmmuRecords.fault(setup.memory(), at), SmmuRecords.words(setup.memory(), at));
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
        if (setup.trustsDevices()) {
            requests.skip();
            return;
        }
        do {
            for (long at = requests.take(); at >= 0; at = requests.take()) {
                pageRequests().take(SmmuRecords.pageRequest(setup.memory(), at));
            }
            if (requests.publish()) {
                pageRequests().overflowed();
            }
        } while (requests.isReadable());
    }

    @Override
    void respond(PageRequest last, PageResponse.Code code) {
        setup.invalidations().respond(last.streamId(), last.substreamId(), last.group(), code);
    }
}
