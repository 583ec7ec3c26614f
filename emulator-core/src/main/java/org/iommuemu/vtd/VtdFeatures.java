// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;

/**
 * What a unit can do: the values of its capability registers.
 *
 * @param ver VER
 * @param cap CAP
 * @param ecap ECAP
 */
public record VtdFeatures(long ver, long cap, long ecap) {
    private static final int[] WIDTHS = {0, 39, 48, 57};
    private static final int RECORD_BYTES = 16;
    /** IVA and IOTLB. */
    private static final int IVA_BYTES = 16;

    private static final long CAP_MODELLED = mask(
            Capability.ND,
            Capability.PLMR,
            Capability.PHMR,
            Capability.CM,
            Capability.SAGAW,
            Capability.MGAW,
            Capability.ZLR,
            Capability.FRO,
            Capability.SSLPS,
            Capability.PSI,
            Capability.NFR,
            Capability.MAMV,
            Capability.DWD,
            Capability.DRD,
            Capability.FS1GP,
            Capability.PI,
            Capability.FS5LP,
            Capability.ECMDS,
            Capability.ESIRTPS,
            Capability.ESRTPS,
            Capability.RWBF);
    private static final long ECAP_MODELLED = mask(
            ExtendedCapability.C,
            ExtendedCapability.QI,
            ExtendedCapability.DT,
            ExtendedCapability.IR,
            ExtendedCapability.EIM,
            ExtendedCapability.PT,
            ExtendedCapability.SC,
            ExtendedCapability.IRO,
            ExtendedCapability.MHMV,
            ExtendedCapability.NEST,
            ExtendedCapability.PRS,
            ExtendedCapability.SRS,
            ExtendedCapability.NWFS,
            ExtendedCapability.EAFS,
            ExtendedCapability.PSS,
            ExtendedCapability.PASID,
            ExtendedCapability.DIT,
            ExtendedCapability.PDS,
            ExtendedCapability.SMTS,
            ExtendedCapability.VCS,
            ExtendedCapability.SSADS,
            ExtendedCapability.SSTS,
            ExtendedCapability.FSTS,
            ExtendedCapability.SMPWCS,
            ExtendedCapability.RPS,
            ExtendedCapability.PMS,
            ExtendedCapability.ADMS,
            ExtendedCapability.RPRIVS,
            ExtendedCapability.PTRS,
            ExtendedCapability.HPTS,
            ExtendedCapability.SSIRWS,
            ExtendedCapability.SMS,
            ExtendedCapability.HPT1GPS,
            ExtendedCapability.RDTS,
            ExtendedCapability.EIMER,
            ExtendedCapability.IRREQ);

    /**
     * Checks the rules that tie the registers together.
     *
     * @throws IllegalArgumentException naming the field, its value and what is legal
     */
    public VtdFeatures {
        check(Capability.ND.get(cap) != 7, Capability.ND, cap, "0 to 6");
        check(Capability.MGAW.get(cap) != 0, Capability.MGAW, cap, "the guest address width less one");
        RegisterPlaces places = new RegisterPlaces(cap, ecap);
        int records = Capability.FRO.getInt(cap) << 4;
        int recordBytes = (Capability.NFR.getInt(cap) + 1) * RECORD_BYTES;
        int iva = ExtendedCapability.IRO.getInt(ecap) << 4;
        boolean apart = !RegisterPlaces.overlaps(records, recordBytes, iva, IVA_BYTES);
        check(places.isFree(records, recordBytes), Capability.FRO, cap, "a place that no other register has");
        check(
                places.isFree(iva, IVA_BYTES) && apart,
                ExtendedCapability.IRO,
                ecap,
                "a place that no other register has");
        boolean queued = ExtendedCapability.QI.isSet(ecap);
        check(queued || !ExtendedCapability.DT.isSet(ecap), ExtendedCapability.DT, ecap, "0, as QI=0");
        check(queued || !ExtendedCapability.IR.isSet(ecap), ExtendedCapability.IR, ecap, "0, as QI=0");
        check(queued || !ExtendedCapability.SMTS.isSet(ecap), ExtendedCapability.SMTS, ecap, "0, as QI=0");
    }

    private static void check(boolean holds, BitField field, long register, String legal) {
        if (!holds) {
            throw new IllegalArgumentException(
                    field.name() + " is 0x" + Long.toHexString(field.get(register)) + ", expected " + legal);
        }
    }

    /**
     * A unit with 8 fault records, 57-bit second and first stage, 20-bit PASIDs, and all that this model has but for caching mode,
     * host permission tables and what {@link #monitored} adds.
     */
    public static VtdFeatures full() {
        long cap = Capability.ND.of(6)
                | Capability.PLMR.of(1)
                | Capability.PHMR.of(1)
                | Capability.SAGAW.of(0xE)
                | Capability.MGAW.of(56)
                | Capability.ZLR.of(1)
                | Capability.FRO.of(0x40)
                | Capability.SSLPS.of(3)
                | Capability.PSI.of(1)
                | Capability.NFR.of(7)
                | Capability.MAMV.of(18)
                | Capability.DWD.of(1)
                | Capability.DRD.of(1)
                | Capability.FS1GP.of(1)
                | Capability.PI.of(1)
                | Capability.FS5LP.of(1)
                | Capability.ESIRTPS.of(1)
                | Capability.ESRTPS.of(1);
        long ecap = ECAP_MODELLED
                & ~mask(
                        ExtendedCapability.IRO,
                        ExtendedCapability.PSS,
                        ExtendedCapability.PMS,
                        ExtendedCapability.HPTS,
                        ExtendedCapability.HPT1GPS,
                        ExtendedCapability.EIMER,
                        ExtendedCapability.IRREQ);
        ecap |= ExtendedCapability.IRO.of(0x50) | ExtendedCapability.PSS.of(19);
        return new VtdFeatures(0x60, cap, ecap);
    }

    /** The {@link #full} unit with a performance monitor, and fault records elsewhere: at offset 0x600. */
    public static VtdFeatures monitored() {
        VtdFeatures f = full();
        return new VtdFeatures(
                f.ver,
                Capability.FRO.set(f.cap, 0x60) | Capability.ECMDS.mask(),
                f.ecap | ExtendedCapability.PMS.mask());
    }

    /** The same unit without what this model does not have. */
    public VtdFeatures modelled() {
        long e = ecap & ECAP_MODELLED;
        if (!ExtendedCapability.SMTS.isSet(e)) {
            e &= ~mask(
                    ExtendedCapability.NEST,
                    ExtendedCapability.PRS,
                    ExtendedCapability.SRS,
                    ExtendedCapability.PASID,
                    ExtendedCapability.FSTS,
                    ExtendedCapability.HPTS);
        }
        if (!Capability.ECMDS.isSet(cap)) {
            e &= ~ExtendedCapability.PMS.mask();
        }
        if (!ExtendedCapability.DT.isSet(e)) {
            e &= ~mask(ExtendedCapability.DIT, ExtendedCapability.HPTS);
        }
        if (!ExtendedCapability.HPTS.isSet(e)) {
            e &= ~ExtendedCapability.HPT1GPS.mask();
        }
        long c = cap & CAP_MODELLED;
        if (!ExtendedCapability.IR.isSet(e)) {
            c &= ~Capability.PI.mask();
        }
        if (ExtendedCapability.SMTS.isSet(e)) {
            c &= ~Capability.RWBF.mask();
        }
        return new VtdFeatures(ver, c, e);
    }

    /** The names of the features that {@link #modelled()} takes away, such as {@code ECAP.HPTS}. */
    public List<String> unmodelled() {
        VtdFeatures m = modelled();
        List<String> names = new ArrayList<>();
        differences("CAP", Capability.LAYOUT, cap, m.cap, names);
        differences("ECAP", ExtendedCapability.LAYOUT, ecap, m.ecap, names);
        return names;
    }

    private static void differences(String register, Layout layout, long is, long modelled, List<String> names) {
        for (BitField f : layout.fields()) {
            if (f.get(is) != f.get(modelled)) {
                names.add(register + "." + f.name());
            }
        }
    }

    private static long mask(BitField... fields) {
        long mask = 0;
        for (BitField f : fields) {
            mask |= f.mask();
        }
        return mask;
    }

    /** Whether a bit of CAP is set. */
    public boolean has(BitField capability) {
        return capability.isSet(cap);
    }

    /** Whether a bit of ECAP is set. */
    public boolean hasExtended(BitField capability) {
        return capability.isSet(ecap);
    }

    /** Major version: what behaviour a revision of the architecture has. */
    public int major() {
        return (int) (ver >>> 4 & 0xF);
    }

    /** Width of a domain id in bits. */
    public int domainBits() {
        return 4 + 2 * Capability.ND.getInt(cap);
    }

    /** Most guest address bits. */
    public int guestBits() {
        return Capability.MGAW.getInt(cap) + 1;
    }

    /** Width of a PASID in bits. */
    public int pasidBits() {
        return ExtendedCapability.PSS.getInt(ecap) + 1;
    }

    /** Number of fault records. */
    public int faultRecords() {
        return Capability.NFR.getInt(cap) + 1;
    }

    /** Offset of the first fault record. */
    public int faultRecordOffset() {
        return Capability.FRO.getInt(cap) << 4;
    }

    /** Offset of IVA; IOTLB follows. */
    public int invalidateAddressOffset() {
        return ExtendedCapability.IRO.getInt(ecap) << 4;
    }

    /** The guest address bits of a width code, or 0 if the unit lacks it. */
    public int widthOf(int code) {
        return code >= 1 && code <= 3 && (Capability.SAGAW.get(cap) >>> code & 1) != 0 ? WIDTHS[code] : 0;
    }

    /** Heights of large second-stage pages, as bits. */
    public int largeHeights() {
        return Capability.SSLPS.getInt(cap) << 1 & 6;
    }
}
