// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.smmuv3.spec.Idr;

/**
 * What an SMMU can do: the values of its identification registers.
 *
 * @param idr0 SMMU_IDR0
 * @param idr1 SMMU_IDR1
 * @param idr3 SMMU_IDR3
 * @param idr5 SMMU_IDR5
 * @param iidr SMMU_IIDR
 * @param aidr SMMU_AIDR
 */
public record SmmuFeatures(long idr0, long idr1, long idr3, long idr5, long iidr, long aidr) {
    /** Bits of an address for each size code; the code 7 is for 56 bits, of which physical memory has 52. */
    private static final int[] ADDRESS_BITS = {32, 36, 40, 42, 44, 48, 52, 52};

    static final int TTF_AARCH64 = 2;
    private static final int HTTU_DIRTY = 2;
    private static final int HTTU_TABLES = 3;
    private static final int TTENDIAN_LITTLE = 2;
    private static final int TTENDIAN_BIG = 3;
    static final int STALL_MODEL_TERMINATE = 1;
    private static final int STALL_MODEL_RESERVED = 3;
    private static final int FULL_STALL_MAX = 256;
    private static final int MOST_QUEUE_LOG2 = 19;
    private static final int MOST_SUBSTREAM_BITS = 20;
    private static final int MOST_STREAM_BITS = 32;
    static final int OAS_52 = 6;

    /**
     * Checks the rules that tie the registers together.
     *
     * @throws IllegalArgumentException naming the field, its value and what is legal
     */
    public SmmuFeatures {
        check(Idr.S1P.isSet(idr0) || Idr.S2P.isSet(idr0), Idr.S1P, idr0, "S1P or S2P set");
        check((Idr.TTF.get(idr0) & TTF_AARCH64) != 0, Idr.TTF, idr0, "VMSAv8-64 tables (2 or 3)");
        check(Idr.TTENDIAN.get(idr0) != 1, Idr.TTENDIAN, idr0, "0, 2 or 3");
        check((Idr.TTF.get(idr0) & 1) == 0 || Idr.GRAN4K.isSet(idr5), Idr.TTF, idr0, "2, as IDR5.GRAN4K is clear");
        check(Idr.STALL_MODEL.get(idr0) != STALL_MODEL_RESERVED, Idr.STALL_MODEL, idr0, "0 to 2");
        check(Idr.ST_LEVEL.get(idr0) <= 1, Idr.ST_LEVEL, idr0, "0 or 1");
        check(Idr.SIDSIZE.get(idr1) <= MOST_STREAM_BITS, Idr.SIDSIZE, idr1, "at most 32");
        check(
                Idr.SIDSIZE.get(idr1) < 7 || Idr.ST_LEVEL.get(idr0) == 1,
                Idr.ST_LEVEL,
                idr0,
                "1 (2-level stream tables), as IDR1.SIDSIZE is 7 or more");
        check(Idr.SSIDSIZE.get(idr1) <= MOST_SUBSTREAM_BITS, Idr.SSIDSIZE, idr1, "at most 20");
        check(Idr.CMDQS.get(idr1) <= MOST_QUEUE_LOG2, Idr.CMDQS, idr1, "at most 19");
        check(Idr.EVENTQS.get(idr1) <= MOST_QUEUE_LOG2, Idr.EVENTQS, idr1, "at most 19");
        check(Idr.PRIQS.get(idr1) <= MOST_QUEUE_LOG2, Idr.PRIQS, idr1, "at most 19");
        check(
                (idr5 & mask(Idr.GRAN4K, Idr.GRAN16K, Idr.GRAN64K)) != 0,
                Idr.GRAN4K,
                idr5,
                "at least one granule (bits 4 to 6)");
        check(Idr.VAX.get(idr5) <= 1, Idr.VAX, idr5, "0 or 1");
        check(!Idr.DS.isSet(idr5) || Idr.VAX.get(idr5) >= 1, Idr.VAX, idr5, "1, as IDR5.DS is set");
        check(
                Idr.VAX.get(idr5) == 0
                        || Idr.GRAN64K.isSet(idr5)
                        || Idr.DS.isSet(idr5) && (idr5 & mask(Idr.GRAN4K, Idr.GRAN16K)) != 0,
                Idr.VAX,
                idr5,
                "0, as there is neither GRAN64K nor DS with GRAN4K or GRAN16K");
        check(
                Idr.OAS.get(idr5) < OAS_52 || (idr5 & mask(Idr.GRAN64K, Idr.DS)) != 0,
                Idr.OAS,
                idr5,
                "less than 6 (52 bits), as neither GRAN64K nor DS is set");
    }

    private static void check(boolean holds, BitField field, long register, String legal) {
        if (!holds) {
            throw new IllegalArgumentException(
                    field.name() + " is 0x" + Long.toHexString(field.get(register)) + ", expected " + legal);
        }
    }

    /**
     * An SMMUv3.2 with all that this model has: both stages, 16-bit ASIDs and VMIDs, two-level tables, 20-bit substreams, 48-bit addresses,
     * every granule, range invalidation, EL2; stalls, ATS and PRI, address translation operations.
     */
    public static SmmuFeatures full() {
        long idr0 = Idr.S1P.of(1)
                | Idr.S2P.of(1)
                | Idr.VMID16.of(1)
                | Idr.VMW.of(1)
                | Idr.TTF.of(TTF_AARCH64)
                | Idr.COHACC.of(1)
                | Idr.HTTU.of(HTTU_TABLES)
                | Idr.DORMHINT.of(1)
                | Idr.HYP.of(1)
                | Idr.ASID16.of(1)
                | Idr.MSI.of(1)
                | Idr.SEV.of(1)
                | Idr.CD2L.of(1)
                | Idr.ATS.of(1)
                | Idr.PRI.of(1)
                | Idr.ATOS.of(1)
                | Idr.VATOS.of(1)
                | Idr.ATSRECERR.of(1)
                | Idr.ST_LEVEL.of(1);
        long idr1 = Idr.SIDSIZE.of(MOST_STREAM_BITS)
                | Idr.SSIDSIZE.of(MOST_SUBSTREAM_BITS)
                | Idr.EVENTQS.of(MOST_QUEUE_LOG2)
                | Idr.PRIQS.of(MOST_QUEUE_LOG2)
                | Idr.CMDQS.of(MOST_QUEUE_LOG2)
                | Idr.ATTR_PERMS_OVR.of(1)
                | Idr.ATTR_TYPES_OVR.of(1);
        long idr3 = Idr.HAD.of(1)
                | Idr.XNX.of(1)
                | Idr.FWB.of(1)
                | Idr.STT.of(1)
                | Idr.RIL.of(1)
                | Idr.BBML.of(2)
                | Idr.E0PD.of(1)
                | Idr.PTWNNC.of(1)
                | Idr.EPAN.of(1);
        long idr5 = Idr.OAS.of(5)
                | Idr.GRAN4K.of(1)
                | Idr.GRAN16K.of(1)
                | Idr.GRAN64K.of(1)
                | Idr.STALL_MAX.of(FULL_STALL_MAX);
        return new SmmuFeatures(idr0, idr1, idr3, idr5, 0, 2);
    }

    /**
     * The same machine without what this model does not have: unmodelled features read as absent.
     *
     * @see #unmodelled()
     */
    public SmmuFeatures modelled() {
        return ModelledFeatures.of(this);
    }

    /** The names of the features that {@link #modelled()} takes away, such as {@code IDR0.S2P}. */
    public List<String> unmodelled() {
        return ModelledFeatures.missing(this);
    }

    /**
     * Those fields of the 32-bit register at an offset that {@link #modelled()} changes.
     *
     * @return their mask; 0 for a register without any
     */
    public long unmodelledFields(long offset) {
        return ModelledFeatures.missing(this, offset);
    }

    static long mask(BitField... fields) {
        long mask = 0;
        for (BitField f : fields) {
            mask |= f.mask();
        }
        return mask;
    }

    /** Width of physical addresses. */
    public int outputBits() {
        return addressBits((int) Idr.OAS.get(idr5));
    }

    /**
     * Whether descriptors of the 64K granule hold 52-bit addresses: where OAS is that wide, whatever a CD or STE limits its
     * output to (DDI 0487 §D8.3).
     */
    public boolean isWide64K() {
        return outputBits() >= ADDRESS_BITS[OAS_52];
    }

    /** The width in bits that a size code (OAS, IPS) stands for. */
    public static int addressBits(int code) {
        return ADDRESS_BITS[code];
    }

    /** Width of a StreamID. */
    public int streamIdBits() {
        return Idr.SIDSIZE.getInt(idr1);
    }

    /** Width of a SubstreamID; 0 if there are no substreams. */
    public int substreamIdBits() {
        return Idr.SSIDSIZE.getInt(idr1);
    }

    /** Whether stage 2 is implemented. */
    public boolean hasStage2() {
        return Idr.S2P.isSet(idr0);
    }

    /** Whether tables of an endianness can be read. */
    public boolean hasEndianness(boolean big) {
        long endian = Idr.TTENDIAN.get(idr0);
        return big ? endian != TTENDIAN_LITTLE : endian != TTENDIAN_BIG;
    }

    /** Whether hardware can update what a CD or STE asks for: HA and HD need the matching IDR0.HTTU. */
    public boolean hasHardwareUpdate(boolean accessFlag, boolean dirtyState) {
        long httu = Idr.HTTU.get(idr0);
        return (!accessFlag || httu >= 1) && (!dirtyState || httu >= HTTU_DIRTY);
    }

    /** Whether hardware can mark table descriptors as accessed. */
    public boolean hasTableFlagUpdate() {
        return Idr.HTTU.get(idr0) == HTTU_TABLES;
    }

    /** Whether a feature of IDR0 is there. */
    public boolean has0(BitField feature) {
        return feature.isSet(idr0);
    }

    /** Whether a feature of IDR3 is there. */
    public boolean has3(BitField feature) {
        return feature.isSet(idr3);
    }

    /** Whether a feature of IDR5 is there. */
    public boolean has5(BitField feature) {
        return feature.isSet(idr5);
    }

    /** log2 of the smallest granule: the smallest translation unit (STU) of ATS. */
    public int smallestGranuleShift() {
        return hasGranule(12) ? 12 : hasGranule(14) ? 14 : 16;
    }

    /** How many transactions can be stalled, 0 if none. */
    public int mostStalls() {
        return Idr.STALL_MODEL.get(idr0) == STALL_MODEL_TERMINATE ? 0 : Idr.STALL_MAX.getInt(idr5);
    }

    /** Whether a granule of 2^{@code shift} bytes is supported. */
    public boolean hasGranule(int shift) {
        return switch (shift) {
            case 12 -> Idr.GRAN4K.isSet(idr5);
            case 14 -> Idr.GRAN16K.isSet(idr5);
            case 16 -> Idr.GRAN64K.isSet(idr5);
            default -> false;
        };
    }
}
