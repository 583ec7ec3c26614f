// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;

/**
 * What an SMMU says of itself, as far as a driver asks (IHI 0070 §6.3.1 to §6.3.6).
 *
 * @param idr0 IDR0
 * @param idr1 IDR1
 * @param idr3 IDR3
 * @param idr5 IDR5
 */
record SmmuHardware(long idr0, long idr1, long idr3, long idr5) {
    private static final int OAS_48 = 5;
    private static final int TTF_BOTH = 3;
    private static final int AARCH32_BITS = 40;
    private static final int[] ADDRESS_BITS = {32, 36, 40, 42, 44, 48};

    /** Reads the registers in Linux' order; IIDR, which tells of errata, is the last. */
    static SmmuHardware read(RegisterFrame smmu) {
        SmmuHardware read = new SmmuHardware(
                SmmuDriver.read(smmu, Registers.IDR0),
                SmmuDriver.read(smmu, Registers.IDR1),
                SmmuDriver.read(smmu, Registers.IDR3),
                SmmuDriver.read(smmu, Registers.IDR5));
        SmmuDriver.read(smmu, Registers.IIDR);
        return read;
    }

    /** All registers that say what an SMMU is, for whoever hands them on. */
    static HardwareRegisters registers(RegisterFrame smmu) {
        List<Register> features =
                List.of(Registers.IDR0, Registers.IDR1, Registers.IDR2, Registers.IDR3, Registers.IDR4, Registers.IDR5);
        return new HardwareRegisters.Smmu(
                features.stream().map(r -> (int) SmmuDriver.read(smmu, r)).toList(),
                (int) SmmuDriver.read(smmu, Registers.IIDR),
                (int) SmmuDriver.read(smmu, Registers.AIDR));
    }

    /** Refuses stages and pages that the SMMU does not have. */
    void check(StageLayout stages, int pageShift) {
        boolean first = stages == StageLayout.STAGE_2 || hasFirstStage();
        boolean second = stages == StageLayout.STAGE_1 || hasSecondStage();
        if (!first || !second) {
            throw new IllegalArgumentException("stages are '" + stages.label() + "', expected what the SMMU has: "
                    + (hasFirstStage() ? "1" : "2") + " alone");
        }
        BitField granule = pageShift == 12 ? Idr.GRAN4K : pageShift == 14 ? Idr.GRAN16K : Idr.GRAN64K;
        if (!granule.isSet(idr5)) {
            throw new IllegalArgumentException("a kernel's page has 2^" + pageShift
                    + " bytes, expected a granule of the SMMU: " + granule.name() + " is clear");
        }
    }

    boolean hasFirstStage() {
        return Idr.S1P.isSet(idr0);
    }

    boolean hasSecondStage() {
        return Idr.S2P.isSet(idr0);
    }

    boolean hasAts() {
        return Idr.ATS.isSet(idr0);
    }

    boolean hasPageRequests() {
        return Idr.PRI.isSet(idr0);
    }

    boolean hasHypervisor() {
        return Idr.HYP.isSet(idr0);
    }

    boolean hasRangeInvalidation() {
        return Idr.RIL.isSet(idr3);
    }

    boolean hasTwoLevelContexts() {
        return Idr.CD2L.isSet(idr0);
    }

    boolean hasTwoLevelStreams() {
        return Idr.ST_LEVEL.get(idr0) == 1;
    }

    /** Whether devices may wait for a faulting access, and need not. */
    boolean mayStall() {
        return Idr.STALL_MODEL.get(idr0) == 0;
    }

    /** Whether they always wait. */
    boolean alwaysStalls() {
        return Idr.STALL_MODEL.get(idr0) == 2;
    }

    int streamBits() {
        return Idr.SIDSIZE.getInt(idr1);
    }

    int substreamBits() {
        return Idr.SSIDSIZE.getInt(idr1);
    }

    int asidBits() {
        return Idr.ASID16.isSet(idr0) ? 16 : 8;
    }

    int vmidBits() {
        return Idr.VMID16.isSet(idr0) ? 16 : 8;
    }

    /** The size of physical addresses as CD.IPS and STE.S2PS have it. */
    int addressSize() {
        return Math.min(Idr.OAS.getInt(idr5), OAS_48);
    }

    /** Width of physical addresses. */
    int addressBits() {
        return ADDRESS_BITS[addressSize()];
    }

    /** Width of the addresses that a second stage translates. */
    int intermediateBits() {
        return Idr.TTF.get(idr0) == TTF_BOTH ? Math.max(AARCH32_BITS, addressBits()) : addressBits();
    }

    /**
     * log2 of the entries of a queue: as many as there can be, in one block of memory of 2^(8 + page size) bytes.
     *
     * @param size what IDR1 says of the queue
     * @param entryBytes a power of two
     */
    int queueLog2(BitField size, int entryBytes, int pageShift) {
        return Math.min(size.getInt(idr1), pageShift + 8 - Integer.numberOfTrailingZeros(entryBytes));
    }
}
