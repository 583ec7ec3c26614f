// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The register map of a unit (VT-d architecture 11.4), but for those whose place the capabilities tell. */
public final class VtdRegisters {
    private static final List<Register> MAP = new ArrayList<>();

    /** Version. */
    public static final Register VER = readOnly("VER", 0x00, 4, plain("VER", "11.4.1"));
    /** Capabilities. */
    public static final Register CAP = readOnly("CAP", 0x08, 8, Capability.LAYOUT);
    /** Extended capabilities. */
    public static final Register ECAP = readOnly("ECAP", 0x10, 8, ExtendedCapability.LAYOUT);

    private static final Layout.Builder GC = Layout.builder("GCMD", 1, "VT-d 11.4.4");
    /** Translation. */
    public static final BitField TE = GC.bit("TE", 31);
    /** Set root table pointer. */
    public static final BitField SRTP = GC.bit("SRTP", 30);
    /** Write buffer flush. */
    public static final BitField WBF = GC.bit("WBF", 27);
    /** Queued invalidation. */
    public static final BitField QIE = GC.bit("QIE", 26);
    /** Interrupt remapping. */
    public static final BitField IRE = GC.bit("IRE", 25);
    /** Set interrupt remap table pointer. */
    public static final BitField SIRTP = GC.bit("SIRTP", 24);
    /** Compatibility format interrupts. */
    public static final BitField CFI = GC.bit("CFI", 23);

    private static final Layout GLOBAL = GC.build();
    /** Global command: reads as zero. */
    public static final Register GCMD = writable("GCMD", 0x18, 4, 0xFFFF_FFFFL, GLOBAL);
    /** Global status, with the bits of GCMD. */
    public static final Register GSTS = readOnly("GSTS", 0x1C, 4, GLOBAL);

    private static final Layout.Builder RT = Layout.builder("RTADDR", 1, "VT-d 11.4.5");
    /** Root table. */
    public static final BitField RTA = RT.address("RTA", 63, 12);
    /** Translation table mode. */
    public static final BitField TTM = RT.field("TTM", 11, 10, "legacy", "scalable", "reserved", "abort-DMA");
    /** Separate I/O permissions. */
    public static final BitField SSIRWE = RT.bit("SSIRWE", 7);
    /** Root table address. */
    public static final Register RTADDR =
            writable("RTADDR", 0x20, 8, RTA.mask() | TTM.mask() | SSIRWE.mask(), RT.build());

    private static final Layout.Builder CC = Layout.builder("CCMD", 1, "VT-d 11.4.6.1");
    /** Invalidate context cache. */
    public static final BitField ICC = CC.bit("ICC", 63);
    /** Granularity asked for. */
    public static final BitField CIRG = CC.field("CIRG", 62, 61);
    /** Granularity done. */
    public static final BitField CAIG = CC.field("CAIG", 60, 59);
    /** Function mask. */
    public static final BitField CCMD_FM = CC.field("FM", 33, 32);
    /** Source. */
    public static final BitField CCMD_SID = CC.field("SID", 31, 16);
    /** Domain. */
    public static final BitField CCMD_DID = CC.field("DID", 15, 0);
    /** Context command. */
    public static final Register CCMD = writable(
            "CCMD", 0x28, 8, ICC.mask() | CIRG.mask() | CCMD_FM.mask() | CCMD_SID.mask() | CCMD_DID.mask(), CC.build());

    private static final Layout.Builder FS = Layout.builder("FSTS", 1, "VT-d 11.4.7.1");
    /** Primary fault overflow. */
    public static final BitField PFO = FS.bit("PFO", 0);
    /** Primary pending fault. */
    public static final BitField PPF = FS.bit("PPF", 1);
    /** Invalidation queue error. */
    public static final BitField IQE = FS.bit("IQE", 4);
    /** Invalidation completion error. */
    public static final BitField ICE = FS.bit("ICE", 5);
    /** Invalidation time-out error. */
    public static final BitField ITE = FS.bit("ITE", 6);
    /** First record of the batch. */
    public static final BitField FRI = FS.field("FRI", 15, 8);
    /** Fault status. */
    public static final Register FSTS =
            cleared("FSTS", 0x34, PFO.mask() | IQE.mask() | ICE.mask() | ITE.mask(), FS.build());

    private static final Layout.Builder EC = Layout.builder("FECTL, IECTL, PECTL", 1, "VT-d 11.4.7.2");
    /** Interrupt mask. */
    public static final BitField IM = EC.bit("IM", 31);
    /** Interrupt pending. */
    public static final BitField IP = EC.bit("IP", 30);

    private static final Layout EVENT_CONTROL = EC.build();
    private static final long MASKED = 1L << 31;
    /** Fault event. */
    public static final EventRegisters FAULT_EVENT = event("FE", 0x38);

    private static final Layout.Builder PM = Layout.builder("PMEN", 1, "VT-d 11.4.8.1");
    /** Enable protected memory. */
    public static final BitField EPM = PM.bit("EPM", 31);
    /** Protected region status. */
    public static final BitField PROTECTED = PM.bit("PRS", 0);
    /** Protected memory enable. */
    public static final Register PMEN = writable("PMEN", 0x64, 4, EPM.mask(), PM.build());
    /** Protected low memory, base. */
    public static final Register PLMBASE = writable("PLMBASE", 0x68, 4, 0xFFF0_0000L, plain("PLMBASE", "11.4.8.2"));
    /** Protected low memory, limit. */
    public static final Register PLMLIMIT = writable("PLMLIMIT", 0x6C, 4, 0xFFF0_0000L, plain("PLMLIMIT", "11.4.8.3"));
    /** Protected high memory, base. */
    public static final Register PHMBASE =
            writable("PHMBASE", 0x70, 8, 0x000F_FFFF_FFF0_0000L, plain("PHMBASE", "11.4.8.4"));
    /** Protected high memory, limit. */
    public static final Register PHMLIMIT =
            writable("PHMLIMIT", 0x78, 8, 0x000F_FFFF_FFF0_0000L, plain("PHMLIMIT", "11.4.8.5"));

    private static final Layout.Builder QI = Layout.builder("IQH/IQT", 1, "VT-d 11.4.9");
    /** Byte offset in the queue. */
    public static final BitField QUEUE_OFFSET = QI.address("Q", 18, 4);

    private static final Layout QUEUE_INDEX = QI.build();
    /** Invalidation queue head. */
    public static final Register IQH = readOnly("IQH", 0x80, 8, QUEUE_INDEX);
    /** Invalidation queue tail. */
    public static final Register IQT = writable("IQT", 0x88, 8, QUEUE_OFFSET.mask(), QUEUE_INDEX);

    private static final Layout.Builder QA = Layout.builder("IQA", 1, "VT-d 11.4.9.3");
    /** Queue. */
    public static final BitField IQ_ADDRESS = QA.address("IQA", 63, 12);
    /** 256-bit descriptors. */
    public static final BitField DW = QA.bit("DW", 11);
    /** log2 of its pages. */
    public static final BitField QS = QA.field("QS", 2, 0);
    /** Invalidation queue address. */
    public static final Register IQA = writable("IQA", 0x90, 8, IQ_ADDRESS.mask() | DW.mask() | QS.mask(), QA.build());

    private static final Layout.Builder IC = Layout.builder("ICS", 1, "VT-d 11.4.9.4");
    /** A wait descriptor with an interrupt has completed. */
    public static final BitField IWC = IC.bit("IWC", 0);
    /** Invalidation completion status. */
    public static final Register ICS = cleared("ICS", 0x9C, IWC.mask(), IC.build());
    /** Invalidation event. */
    public static final EventRegisters INVALIDATION_EVENT = event("IE", 0xA0);

    private static final Layout.Builder IE = Layout.builder("IQERCD", 1, "VT-d 11.4.9.9");
    /** Source of a bad completion. */
    public static final BitField ICESID = IE.field("ICESID", 63, 48);
    /** Source of a time-out. */
    public static final BitField ITESID = IE.field("ITESID", 47, 32);
    /** What is wrong with the queue. */
    public static final BitField IQEI = IE.field("IQEI", 3, 0);
    /** Invalidation queue error record. */
    public static final Register IQERCD = readOnly("IQERCD", 0xB0, 8, IE.build());

    private static final Layout.Builder IA = Layout.builder("IRTA", 1, "VT-d 11.4.10.1");
    /** Interrupt remapping table. */
    public static final BitField IRT_ADDRESS = IA.address("IRTA", 63, 12);
    /** 32-bit APIC ids. */
    public static final BitField EIME = IA.bit("EIME", 11);
    /** log2 of its entries, less one. */
    public static final BitField IRT_SIZE = IA.field("S", 3, 0);
    /** Interrupt remapping table address. */
    public static final Register IRTA =
            writable("IRTA", 0xB8, 8, IRT_ADDRESS.mask() | EIME.mask() | IRT_SIZE.mask(), IA.build());

    private static final Layout.Builder PQ = Layout.builder("PQH/PQT", 1, "VT-d 11.4.11");
    /** Byte offset in the queue. */
    public static final BitField PAGE_QUEUE_OFFSET = PQ.address("Q", 18, 5);

    private static final Layout PAGE_QUEUE_INDEX = PQ.build();
    /** Page request queue head. */
    public static final Register PQH = writable("PQH", 0xC0, 8, PAGE_QUEUE_OFFSET.mask(), PAGE_QUEUE_INDEX);
    /** Page request queue tail. */
    public static final Register PQT = writable("PQT", 0xC8, 8, PAGE_QUEUE_OFFSET.mask(), PAGE_QUEUE_INDEX);
    /** Page request queue address. */
    public static final Register PQA =
            writable("PQA", 0xD0, 8, IQ_ADDRESS.mask() | QS.mask(), plain("PQA", "11.4.11.3"));

    private static final Layout.Builder PR = Layout.builder("PRS", 1, "VT-d 11.4.11.4");
    /** Pending page request. */
    public static final BitField PPR = PR.bit("PPR", 0);
    /** Page request overflow. */
    public static final BitField PRO = PR.bit("PRO", 1);
    /** Page request status. */
    public static final Register PRS = cleared("PRS", 0xDC, PPR.mask() | PRO.mask(), PR.build());
    /** Page request event. */
    public static final EventRegisters PAGE_REQUEST_EVENT = event("PE", 0xE0);

    private static final Layout.Builder IV = Layout.builder("IVA", 1, "VT-d 11.4.6.2");
    /** Page to be invalidated. */
    public static final BitField IVA_ADDRESS = IV.address("ADDR", 63, 12);
    /** Leaves only. */
    public static final BitField IVA_IH = IV.bit("IH", 6);
    /** Address mask. */
    public static final BitField IVA_AM = IV.field("AM", 5, 0);

    /** Fields of IVA, which is where ECAP.IRO says. */
    public static final Layout IVA_LAYOUT = IV.build();

    private static final Layout.Builder IO = Layout.builder("IOTLB", 1, "VT-d 11.4.6.3");
    /** Invalidate. */
    public static final BitField IVT = IO.bit("IVT", 63);
    /** Granularity asked for. */
    public static final BitField IIRG = IO.field("IIRG", 61, 60);
    /** Granularity done. */
    public static final BitField IAIG = IO.field("IAIG", 58, 57);
    /** Drain reads. */
    public static final BitField DR = IO.bit("DR", 49);
    /** Drain writes. */
    public static final BitField IOTLB_DW = IO.bit("DW", 48);
    /** Domain. */
    public static final BitField IOTLB_DID = IO.field("DID", 47, 32);

    /** Fields of IOTLB, which is behind IVA. */
    public static final Layout IOTLB_LAYOUT = IO.build();

    private static final Layout.Builder RD = Layout.builder("RDTC", 1, "VT-d 11.4");
    /** Class of service of the unit's own accesses. */
    public static final BitField CLOS = RD.field("CLOS", 36, 32);
    /** Resource monitoring id of the unit's own accesses. */
    public static final BitField RMID = RD.field("RMID", 11, 0);
    /** Resource director control, there with ECAP.RDTS. */
    public static final Register RDTC = Register.writable("RDTC", 0xDC0, 8, CLOS.mask() | RMID.mask(), RD.build());

    private VtdRegisters() {}

    /** The registers whose place is fixed. */
    public static List<Register> map() {
        return List.copyOf(MAP);
    }

    /** IVA, where ECAP puts it; reads as zero. */
    public static Register invalidateAddress(int offset) {
        return Register.writable("IVA", offset, 8, IVA_ADDRESS.mask() | IVA_IH.mask() | IVA_AM.mask(), IVA_LAYOUT);
    }

    /** IOTLB, behind it. */
    public static Register iotlb(int offset) {
        long mask = IVT.mask() | IIRG.mask() | DR.mask() | IOTLB_DW.mask() | IOTLB_DID.mask();
        return Register.writable("IOTLB", offset, 8, mask, IOTLB_LAYOUT);
    }

    private static EventRegisters event(String prefix, int offset) {
        EventRegisters e = eventRegisters(prefix, offset);
        MAP.addAll(e.all());
        return e;
    }

    /** The four registers of an interrupt. */
    static EventRegisters eventRegisters(String prefix, int offset) {
        Layout plain = plain(prefix + "*", "11.4.7");
        return new EventRegisters(
                new Register(prefix + "CTL", offset, 4, MASKED, IM.mask(), 0, EVENT_CONTROL),
                Register.writable(prefix + "DATA", offset + 4, 4, 0xFFFF, plain),
                Register.writable(prefix + "ADDR", offset + 8, 4, 0xFFFF_FFFCL, plain),
                Register.writable(prefix + "UADDR", offset + 12, 4, 0xFFFF_FFFFL, plain));
    }

    private static Register readOnly(String name, int offset, int bytes, Layout layout) {
        return add(Register.readOnly(name, offset, bytes, layout));
    }

    private static Register writable(String name, int offset, int bytes, long mask, Layout layout) {
        return add(Register.writable(name, offset, bytes, mask, layout));
    }

    private static Register cleared(String name, int offset, long mask, Layout layout) {
        return add(new Register(name, offset, 4, 0, 0, mask, layout));
    }

    private static Register add(Register r) {
        MAP.add(r);
        return r;
    }

    /** A register that is one field. */
    static Layout plain(String name, String section) {
        return Layout.builder(name, 1, "VT-d " + section).build();
    }
}
