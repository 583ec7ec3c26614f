// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** Stream table entry: 512 bits (IHI 0070 §5.2). Fields that matter to a Non-secure stream. */
public final class Ste {
    /** Size in bytes. */
    public static final int BYTES = 64;
    /** Size in 64-bit words. */
    public static final int WORDS = 8;

    /** {@link #CONFIG}: the bit that enables stage 1. */
    public static final int CONFIG_STAGE_1 = 1;
    /** {@link #CONFIG}: the bit that enables stage 2. */
    public static final int CONFIG_STAGE_2 = 2;
    /** {@link #CONFIG}: the bit without which everything is aborted. */
    public static final int CONFIG_ENABLE = 4;

    /** {@link #S1DSS}: requests without a SubstreamID are terminated. */
    public static final int S1DSS_TERMINATE = 0;
    /** {@link #S1DSS}: requests without a SubstreamID bypass stage 1. */
    public static final int S1DSS_BYPASS = 1;
    /** {@link #S1DSS}: requests without a SubstreamID use CD 0. */
    public static final int S1DSS_SUBSTREAM_0 = 2;

    /** {@link #EATS}: translated requests are physical. */
    public static final int EATS_FULL = 1;
    /** {@link #EATS}: translated requests are intermediate, and still go through stage 2. */
    public static final int EATS_SPLIT = 2;

    private static final Layout.Builder B = Layout.builder("STE", WORDS, "IHI 0070 §5.2");
    /** Valid. */
    public static final BitField V = B.bit("V", 0);
    /** What is done with traffic. */
    public static final BitField CONFIG = B.field(
            "Config", 3, 1, "abort", "abort", "abort", "abort", "bypass", "stage 1", "stage 2", "stage 1 and 2");
    /** Format of the CD table. */
    public static final BitField S1FMT =
            B.field("S1Fmt", 5, 4, "linear", "2-level, 4 KiB leaf", "2-level, 64 KiB leaf", "linear (reserved)");
    /** CD, CD table or L1CD table. */
    public static final BitField S1_CONTEXT_PTR = B.address("S1ContextPtr", 55, 6);
    /** log2 of the number of CDs; 0 means no substreams. */
    public static final BitField S1CDMAX = B.field("S1CDMax", 63, 59);
    /** Requests without a SubstreamID. */
    public static final BitField S1DSS =
            B.field("S1DSS", 65, 64, "terminate", "bypass stage 1", "use CD 0", "terminate (reserved)");
    /** CD fetch, inner cacheability. */
    public static final BitField S1CIR = B.field("S1CIR", 67, 66, "NC", "WB-RA", "WT-RA", "WB-nRA");
    /** CD fetch, outer cacheability. */
    public static final BitField S1COR = B.field("S1COR", 69, 68, "NC", "WB-RA", "WT-RA", "WB-nRA");
    /** CD fetch, shareability. */
    public static final BitField S1CSH = B.field("S1CSH", 71, 70, "NSH", "NSH (reserved)", "OSH", "ISH");
    /** PBHA use at stage 2. */
    public static final BitField S2HWU = B.field("S2HWU", 75, 72);
    /** Destructive read enable. */
    public static final BitField DRE = B.bit("DRE", 76);
    /** log2 span of identical STEs. */
    public static final BitField CONT = B.field("CONT", 80, 77);
    /** Directed cache prefetch. */
    public static final BitField DCP = B.bit("DCP", 81);
    /** PASID on PRI auto-response. */
    public static final BitField PPAR = B.bit("PPAR", 82);
    /** Merging of events. */
    public static final BitField MEV = B.bit("MEV", 83);
    /** Force write-back. */
    public static final BitField S2FWB = B.bit("S2FWB", 89);
    /** MPAM from the CD. */
    public static final BitField S1MPAM = B.bit("S1MPAM", 90);
    /** Stage 1 must not stall. */
    public static final BitField S1STALLD = B.bit("S1STALLD", 91);
    /** ATS. */
    public static final BitField EATS = B.field("EATS", 93, 92, "none", "full", "split-stage", "full with DPT");
    /** StreamWorld. */
    public static final BitField STRW = B.field("STRW", 95, 94, "NS-EL1", "reserved", "NS-EL2", "reserved");
    /** Memory type override. */
    public static final BitField MEM_ATTR = B.field("MemAttr", 99, 96);
    /** Use the memory type override. */
    public static final BitField MTCFG = B.bit("MTCFG", 100);
    /** Allocation hints. */
    public static final BitField ALLOCCFG = B.field("ALLOCCFG", 104, 101);
    /** Shareability. */
    public static final BitField SHCFG = B.field("SHCFG", 109, 108, "NSH", "incoming", "OSH", "ISH");
    /** Privilege override. */
    public static final BitField PRIVCFG =
            B.field("PRIVCFG", 113, 112, "incoming", "incoming", "unprivileged", "privileged");
    /** Instruction override. */
    public static final BitField INSTCFG = B.field("INSTCFG", 115, 114, "incoming", "incoming", "data", "instruction");
    /** VMID. */
    public static final BitField S2VMID = B.field("S2VMID", 143, 128);
    /** 64 minus IPA bits. */
    public static final BitField S2T0SZ = B.field("S2T0SZ", 165, 160);
    /** Stage 2 start level. */
    public static final BitField S2SL0 = B.field("S2SL0", 167, 166);
    /** Stage 2 walk, inner cacheability. */
    public static final BitField S2IR0 = B.field("S2IR0", 169, 168);
    /** Stage 2 walk, outer cacheability. */
    public static final BitField S2OR0 = B.field("S2OR0", 171, 170);
    /** Stage 2 walk, shareability. */
    public static final BitField S2SH0 = B.field("S2SH0", 173, 172);
    /** Stage 2 granule. */
    public static final BitField S2TG = B.field("S2TG", 175, 174, "4K", "64K", "16K", "reserved");
    /** Stage 2 output size. */
    public static final BitField S2PS = B.field("S2PS", 178, 176);
    /** VMSAv8-64 tables. */
    public static final BitField S2AA64 = B.bit("S2AA64", 179);
    /** Big-endian tables. */
    public static final BitField S2ENDI = B.bit("S2ENDI", 180);
    /** Access flag fault disable. */
    public static final BitField S2AFFD = B.bit("S2AFFD", 181);
    /** Protected table walk. */
    public static final BitField S2PTW = B.bit("S2PTW", 182);
    /** Dirty update. */
    public static final BitField S2HD = B.bit("S2HD", 183);
    /** Access flag update. */
    public static final BitField S2HA = B.bit("S2HA", 184);
    /** Stall. */
    public static final BitField S2S = B.bit("S2S", 185);
    /** Record. */
    public static final BitField S2R = B.bit("S2R", 186);
    /** Access flag update in table descriptors. */
    public static final BitField S2HAFT = B.bit("S2HAFT", 187);
    /** Bit 2 of the start level. */
    public static final BitField S2SL0_2 = B.bit("S2SL0_2", 194);
    /** 52-bit addresses. */
    public static final BitField S2DS = B.bit("S2DS", 195);
    /** Stage 2 table base. */
    public static final BitField S2TTB = B.address("S2TTB", 243, 196);
    /** The whole entry. */
    public static final Layout LAYOUT = B.build();

    private Ste() {}
}
