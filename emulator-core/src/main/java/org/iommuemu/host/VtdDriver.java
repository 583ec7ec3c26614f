// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.bits.Register;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
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
    /** Domain 0 is not used with caching mode, 1 is Linux' for what needs none of its own. */
    private static final int FIRST_DOMAIN = 2;

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
    private final VtdInvalidations invalidations;
    private int domains = FIRST_DOMAIN;
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
        super(Math.min(MOST_PHYSICAL_BITS, features.guestBits()), MOST_REQUESTERS);
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
        // Where there are descriptors of 256 bits, Linux uses them in legacy mode too.
        boolean wide = features.hasExtended(ExtendedCapability.SMTS);
        DescriptorSender queue = new DescriptorSender(unit, memory, pages, wide, patience);
        invalidations =
                new VtdInvalidations(queue, features.has(Capability.PSI) ? Capability.MAMV.getInt(features.cap()) : -1);
        command(VtdRegisters.QIE.mask());
        contexts = new VtdContexts(memory, pages, scalable);
        write(
                unit,
                VtdRegisters.RTADDR,
                VtdRegisters.RTA.inPlace(contexts.root()) | VtdRegisters.TTM.of(scalable ? SCALABLE : 0));
        write(unit, VtdRegisters.GCMD, command | VtdRegisters.SRTP.mask());
        invalidations.everything(scalable);
        if (scalable && features.hasExtended(ExtendedCapability.PRS)) {
            long bytes = (long) PageRequestDescriptor.BYTES << PAGE_QUEUE_LOG2;
            write(unit, VtdRegisters.PQH, 0);
            write(unit, VtdRegisters.PQT, 0);
            write(
                    unit,
                    VtdRegisters.PQA,
                    VtdRegisters.IQ_ADDRESS.inPlace(pages.allocate(bytes, bytes))
                            | VtdRegisters.QS.of(PAGE_QUEUE_PAGES_LOG2));
        }
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

    /** A domain id that nobody has. */
    int newDomain() {
        if (domains >>> features.domainBits() != 0) {
            throw new IllegalArgumentException(
                    "more address spaces than domain ids, expected at most " + (domains - FIRST_DOMAIN));
        }
        return domains++;
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

    VtdFeatures features() {
        return features;
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
    public void takeFaults() {
        int offset = features.faultRecordOffset();
        for (int i = 0; i < features.faultRecords(); i++) {
            int high = offset + i * FaultRecord.BYTES + Long.BYTES;
            if (FaultRecord.F.isSet(unit.readRegister(high, Long.BYTES))) {
                unit.writeRegister(high, Long.BYTES, FaultRecord.F.mask());
            }
        }
        write(unit, VtdRegisters.FSTS, VtdRegisters.PFO.mask());
    }

    @Override
    public void takePageRequests() {
        write(unit, VtdRegisters.PQH, read(unit, VtdRegisters.PQT));
        write(unit, VtdRegisters.PRS, VtdRegisters.PPR.mask() | VtdRegisters.PRO.mask());
    }
}
