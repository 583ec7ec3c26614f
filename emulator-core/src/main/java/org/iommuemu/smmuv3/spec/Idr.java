// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** The identification registers SMMU_IDR0 to SMMU_IDR5, SMMU_IIDR and SMMU_AIDR (IHI 0070 §6.3.1-6.3.8). */
public final class Idr {
    private static final Layout.Builder R0 = Layout.builder("SMMU_IDR0", 1, "IHI 0070 §6.3.1");
    /** Stage 2. */
    public static final BitField S2P = R0.bit("S2P", 0);
    /** Stage 1. */
    public static final BitField S1P = R0.bit("S1P", 1);
    /** Table formats. */
    public static final BitField TTF = R0.field("TTF", 3, 2, "reserved", "AArch32", "AArch64", "AArch32 and AArch64");
    /** Own accesses are coherent. */
    public static final BitField COHACC = R0.bit("COHACC", 4);
    /** Broadcast TLB maintenance. */
    public static final BitField BTM = R0.bit("BTM", 5);
    /** Access flag and dirty state updates. */
    public static final BitField HTTU = R0.field("HTTU", 7, 6, "none", "AF", "AF and dirty", "AF, dirty, table AF");
    /** Dormant hint. */
    public static final BitField DORMHINT = R0.bit("DORMHINT", 8);
    /** NS-EL2 contexts. */
    public static final BitField HYP = R0.bit("Hyp", 9);
    /** PCIe ATS. */
    public static final BitField ATS = R0.bit("ATS", 10);
    /** Split-stage ATS is not supported. */
    public static final BitField NS1ATS = R0.bit("NS1ATS", 11);
    /** 16-bit ASIDs. */
    public static final BitField ASID16 = R0.bit("ASID16", 12);
    /** Message-signalled interrupts. */
    public static final BitField MSI = R0.bit("MSI", 13);
    /** WFE wake-up events. */
    public static final BitField SEV = R0.bit("SEV", 14);
    /** Address translation operations. */
    public static final BitField ATOS = R0.bit("ATOS", 15);
    /** Page request interface. */
    public static final BitField PRI = R0.bit("PRI", 16);
    /** VMID wildcards. */
    public static final BitField VMW = R0.bit("VMW", 17);
    /** 16-bit VMIDs. */
    public static final BitField VMID16 = R0.bit("VMID16", 18);
    /** Two-level CD tables. */
    public static final BitField CD2L = R0.bit("CD2L", 19);
    /** Virtual ATOS page. */
    public static final BitField VATOS = R0.bit("VATOS", 20);
    /** Endianness of translation tables. */
    public static final BitField TTENDIAN = R0.field("TTENDIAN", 22, 21, "mixed", "reserved", "little", "big");
    /** CR2.REC_CFG_ATS exists. */
    public static final BitField ATSRECERR = R0.bit("ATSRECERR", 23);
    /** Stall model. */
    public static final BitField STALL_MODEL =
            R0.field("STALL_MODEL", 25, 24, "stall and terminate", "terminate", "stall forced", "reserved");
    /** Termination is always an abort. */
    public static final BitField TERM_MODEL = R0.bit("TERM_MODEL", 26);
    /** Stream table levels. */
    public static final BitField ST_LEVEL = R0.field("ST_LEVEL", 28, 27, "linear", "linear and 2-level");
    /** IDR0. */
    public static final Layout IDR0 = R0.build();

    private static final Layout.Builder R1 = Layout.builder("SMMU_IDR1", 1, "IHI 0070 §6.3.2");
    /** StreamID bits. */
    public static final BitField SIDSIZE = R1.field("SIDSIZE", 5, 0);
    /** SubstreamID bits. */
    public static final BitField SSIDSIZE = R1.field("SSIDSIZE", 10, 6);
    /** log2 of the largest PRI queue. */
    public static final BitField PRIQS = R1.field("PRIQS", 15, 11);
    /** log2 of the largest event queue. */
    public static final BitField EVENTQS = R1.field("EVENTQS", 20, 16);
    /** log2 of the largest command queue. */
    public static final BitField CMDQS = R1.field("CMDQS", 25, 21);
    /** INST/PRIV/NS overrides. */
    public static final BitField ATTR_PERMS_OVR = R1.bit("ATTR_PERMS_OVR", 26);
    /** Memory type overrides. */
    public static final BitField ATTR_TYPES_OVR = R1.bit("ATTR_TYPES_OVR", 27);
    /** Preset bases are relative. */
    public static final BitField REL = R1.bit("REL", 28);
    /** Queue bases are fixed. */
    public static final BitField QUEUES_PRESET = R1.bit("QUEUES_PRESET", 29);
    /** The stream table base is fixed. */
    public static final BitField TABLES_PRESET = R1.bit("TABLES_PRESET", 30);
    /** Enhanced command queues. */
    public static final BitField ECMDQ = R1.bit("ECMDQ", 31);
    /** IDR1. */
    public static final Layout IDR1 = R1.build();

    private static final Layout.Builder R2 = Layout.builder("SMMU_IDR2", 1, "IHI 0070 §6.3.3");
    /** Where the VATOS page is. */
    public static final BitField BA_VATOS = R2.field("BA_VATOS", 9, 0);
    /** IDR2. */
    public static final Layout IDR2 = R2.build();

    private static final Layout.Builder R3 = Layout.builder("SMMU_IDR3", 1, "IHI 0070 §6.3.4");
    /** Hierarchical attribute disable. */
    public static final BitField HAD = R3.bit("HAD", 2);
    /** Page-based hardware attributes. */
    public static final BitField PBHA = R3.bit("PBHA", 3);
    /** Stage 2 XN[1:0]. */
    public static final BitField XNX = R3.bit("XNX", 4);
    /** PASID on PRI auto-responses. */
    public static final BitField PPS = R3.bit("PPS", 5);
    /** MPAM. */
    public static final BitField MPAM = R3.bit("MPAM", 7);
    /** Stage 2 force write-back. */
    public static final BitField FWB = R3.bit("FWB", 8);
    /** Small translation tables. */
    public static final BitField STT = R3.bit("STT", 9);
    /** Range invalidation. */
    public static final BitField RIL = R3.bit("RIL", 10);
    /** Break-before-make level. */
    public static final BitField BBML = R3.field("BBML", 12, 11);
    /** E0PD. */
    public static final BitField E0PD = R3.bit("E0PD", 13);
    /** PTWNNC. */
    public static final BitField PTWNNC = R3.bit("PTWNNC", 14);
    /** Device permission table. */
    public static final BitField DPT = R3.bit("DPT", 15);
    /** PASID on Translated transactions. */
    public static final BitField PASIDTT = R3.bit("PASIDTT", 16);
    /** Enhanced PAN. */
    public static final BitField EPAN = R3.bit("EPAN", 17);
    /** IDR3. */
    public static final Layout IDR3 = R3.build();

    private static final Layout.Builder R5 = Layout.builder("SMMU_IDR5", 1, "IHI 0070 §6.3.6");
    /** Output address size code. */
    public static final BitField OAS = R5.field(
            "OAS", 2, 0, "32 bits", "36 bits", "40 bits", "42 bits", "44 bits", "48 bits", "52 bits", "56 bits");
    /** 4 KiB granule. */
    public static final BitField GRAN4K = R5.bit("GRAN4K", 4);
    /** 16 KiB granule. */
    public static final BitField GRAN16K = R5.bit("GRAN16K", 5);
    /** 64 KiB granule. */
    public static final BitField GRAN64K = R5.bit("GRAN64K", 6);
    /** 52-bit addresses with 4K and 16K. */
    public static final BitField DS = R5.bit("DS", 7);
    /** 128-bit descriptors. */
    public static final BitField D128 = R5.bit("D128", 8);
    /** Largest VA of a table base. */
    public static final BitField VAX = R5.field("VAX", 11, 10, "48 bits", "52 bits", "56 bits");
    /** Most outstanding stalls. */
    public static final BitField STALL_MAX = R5.field("STALL_MAX", 31, 16);
    /** IDR5. */
    public static final Layout IDR5 = R5.build();

    private static final Layout.Builder RI = Layout.builder("SMMU_IIDR", 1, "IHI 0070 §6.3.7");
    /** JEP106 code of the implementer. */
    public static final BitField IMPLEMENTER = RI.field("Implementer", 11, 0);
    /** Revision. */
    public static final BitField REVISION = RI.field("Revision", 15, 12);
    /** Variant. */
    public static final BitField VARIANT = RI.field("Variant", 19, 16);
    /** Product. */
    public static final BitField PRODUCT_ID = RI.field("ProductID", 31, 20);
    /** IIDR. */
    public static final Layout IIDR = RI.build();

    private static final Layout.Builder RA = Layout.builder("SMMU_AIDR", 1, "IHI 0070 §6.3.8");
    /** Minor version of the architecture: SMMUv3.x. */
    public static final BitField ARCH_MINOR = RA.field("ArchMinorRev", 3, 0);
    /** Major version, 0 for SMMUv3. */
    public static final BitField ARCH_MAJOR = RA.field("ArchMajorRev", 7, 4);
    /** AIDR. */
    public static final Layout AIDR = RA.build();

    private Idr() {}
}
