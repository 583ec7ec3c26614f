// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.iommuemu.smmuv3.SmmuFeatures.OAS_52;
import static org.iommuemu.smmuv3.SmmuFeatures.STALL_MODEL_TERMINATE;
import static org.iommuemu.smmuv3.SmmuFeatures.TTF_AARCH64;
import static org.iommuemu.smmuv3.SmmuFeatures.mask;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;

/** Which features this model has: the others read as absent, and with them those that rest on them (IHI 0070 §6.3.1-6.3.6). */
final class ModelledFeatures {
    private static final int MOST_BBML = 2;

    private static final long IDR0_MODELLED = mask(
            Idr.S2P,
            Idr.S1P,
            Idr.TTF,
            Idr.COHACC,
            Idr.HTTU,
            Idr.DORMHINT,
            Idr.HYP,
            Idr.ATS,
            Idr.NS1ATS,
            Idr.ASID16,
            Idr.MSI,
            Idr.SEV,
            Idr.ATOS,
            Idr.PRI,
            Idr.VMW,
            Idr.VMID16,
            Idr.CD2L,
            Idr.VATOS,
            Idr.TTENDIAN,
            Idr.ATSRECERR,
            Idr.STALL_MODEL,
            Idr.TERM_MODEL,
            Idr.ST_LEVEL);
    private static final long IDR1_MODELLED =
            mask(Idr.SIDSIZE, Idr.SSIDSIZE, Idr.PRIQS, Idr.EVENTQS, Idr.CMDQS, Idr.ATTR_PERMS_OVR, Idr.ATTR_TYPES_OVR);
    private static final long IDR3_MODELLED =
            mask(Idr.HAD, Idr.XNX, Idr.PPS, Idr.FWB, Idr.STT, Idr.RIL, Idr.BBML, Idr.E0PD, Idr.PTWNNC, Idr.EPAN);
    private static final long IDR5_MODELLED =
            mask(Idr.OAS, Idr.GRAN4K, Idr.GRAN16K, Idr.GRAN64K, Idr.DS, Idr.VAX, Idr.STALL_MAX);

    private ModelledFeatures() {}

    /** The features asked for, less those that are not modelled. */
    static SmmuFeatures of(SmmuFeatures f) {
        long i0 = f.idr0() & IDR0_MODELLED;
        i0 = Idr.TTF.set(i0, TTF_AARCH64);
        // 56-bit addresses take 128-bit descriptors, which are not modelled; memory ends at 52 bits.
        long i5 = Idr.OAS.set(f.idr5() & IDR5_MODELLED, Math.min(OAS_52, Idr.OAS.get(f.idr5())));
        long i3 = f.idr3() & IDR3_MODELLED;
        // Without room for a stalled transaction there are no stalls, and the other way round.
        if (Idr.STALL_MAX.get(i5) == 0) {
            i0 = Idr.STALL_MODEL.set(i0, STALL_MODEL_TERMINATE);
        }
        if (Idr.STALL_MODEL.get(i0) == STALL_MODEL_TERMINATE) {
            i5 = Idr.STALL_MAX.set(i5, 0);
        }
        // What rests on a feature that is absent is absent.
        if (!Idr.ATS.isSet(i0)) {
            i0 &= ~mask(Idr.PRI, Idr.NS1ATS, Idr.ATSRECERR);
        }
        if (!Idr.PRI.isSet(i0)) {
            i3 &= ~Idr.PPS.mask();
        }
        if (!Idr.ATOS.isSet(i0) || !Idr.S1P.isSet(i0) || !Idr.S2P.isSet(i0)) {
            i0 &= ~Idr.VATOS.mask();
        }
        // RES0 without both stages, or without stage 2.
        if (!Idr.S1P.isSet(i0) || !Idr.S2P.isSet(i0)) {
            i0 = Idr.HYP.set(i0, 0);
        }
        if (!Idr.S2P.isSet(i0)) {
            i3 = Idr.PTWNNC.set(i3, 0);
        }
        i3 = Idr.BBML.set(i3, Math.min(MOST_BBML, Idr.BBML.get(i3)));
        long i1 = f.idr1() & IDR1_MODELLED;
        if (!Idr.PRI.isSet(i0)) {
            i1 &= ~Idr.PRIQS.mask();
        }
        return new SmmuFeatures(i0, i1, i3, i5, f.iidr(), f.aidr());
    }

    /** Names of the fields that {@link #of} changes, such as {@code IDR0.S2P}. */
    static List<String> missing(SmmuFeatures f) {
        SmmuFeatures m = of(f);
        List<String> names = new ArrayList<>();
        differences("IDR0", Idr.IDR0, f.idr0(), m.idr0(), names);
        differences("IDR1", Idr.IDR1, f.idr1(), m.idr1(), names);
        differences("IDR3", Idr.IDR3, f.idr3(), m.idr3(), names);
        differences("IDR5", Idr.IDR5, f.idr5(), m.idr5(), names);
        return names;
    }

    /** A mask of the fields of the register at an offset that {@link #of} changes. */
    static long missing(SmmuFeatures f, long offset) {
        SmmuFeatures m = of(f);
        return offset == Registers.IDR0.offset()
                ? changed(Idr.IDR0, f.idr0(), m.idr0())
                : offset == Registers.IDR1.offset()
                        ? changed(Idr.IDR1, f.idr1(), m.idr1())
                        : offset == Registers.IDR3.offset()
                                ? changed(Idr.IDR3, f.idr3(), m.idr3())
                                : offset == Registers.IDR5.offset() ? changed(Idr.IDR5, f.idr5(), m.idr5()) : 0;
    }

    private static long changed(Layout layout, long is, long modelled) {
        return layout.fields().stream()
                .filter(f -> f.get(is) != f.get(modelled))
                .mapToLong(BitField::mask)
                .reduce(0, (a, b) -> a | b);
    }

    private static void differences(String register, Layout layout, long is, long modelled, List<String> names) {
        for (BitField f : layout.fields()) {
            if (f.get(is) != f.get(modelled)) {
                names.add(register + "." + f.name());
            }
        }
    }
}
