// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.jspecify.annotations.Nullable;

/** Command queue entries: 128 bits (IHI 0070 §4.1-4.7). One constant for each opcode, with the layout of its operands. */
public enum Command {
    /** Fetch the configuration of a stream. */
    PREFETCH_CONFIG(0x01, Operands.PREFETCH_CONFIG),
    /** Fetch translations. */
    PREFETCH_ADDR(0x02, Operands.PREFETCH_ADDR),
    /** Invalidate an STE and what was reached through it. */
    CFGI_STE(0x03, Operands.CFGI_STE),
    /** Invalidate a range of STEs; Range 31 is CFGI_ALL. */
    CFGI_STE_RANGE(0x04, Operands.CFGI_STE_RANGE),
    /** Invalidate a CD. */
    CFGI_CD(0x05, Operands.CFGI_CD),
    /** Invalidate all CDs of a stream. */
    CFGI_CD_ALL(0x06, Operands.CFGI_CD_ALL),
    /** Invalidate VM structures. */
    CFGI_VMS_PIDM(0x07, Operands.BY_VMID),
    /** Invalidate stage 1 of a VMID. */
    TLBI_NH_ALL(0x10, Operands.BY_VMID),
    /** Invalidate an ASID. */
    TLBI_NH_ASID(0x11, Operands.BY_ASID),
    /** Invalidate an address of an ASID. */
    TLBI_NH_VA(0x12, Operands.BY_VA),
    /** Invalidate an address of every ASID. */
    TLBI_NH_VAA(0x13, Operands.BY_VA),
    /** EL3, Secure only. */
    TLBI_EL3_ALL(0x18, Operands.NONE),
    /** EL3, Secure only. */
    TLBI_EL3_VA(0x1A, Operands.BY_VA),
    /** Invalidate EL2. */
    TLBI_EL2_ALL(0x20, Operands.NONE),
    /** Invalidate an ASID of EL2-E2H. */
    TLBI_EL2_ASID(0x21, Operands.BY_ASID),
    /** Invalidate an address of EL2. */
    TLBI_EL2_VA(0x22, Operands.BY_VA),
    /** Invalidate an address of EL2, every ASID. */
    TLBI_EL2_VAA(0x23, Operands.BY_VA),
    /** Invalidate both stages of a VMID. */
    TLBI_S12_VMALL(0x28, Operands.BY_VMID),
    /** Invalidate an IPA of a VMID. */
    TLBI_S2_IPA(0x2A, Operands.BY_IPA),
    /** Invalidate everything of Non-secure EL1. */
    TLBI_NSNH_ALL(0x30, Operands.NONE),
    /** Invalidate an ATC. */
    ATC_INV(0x40, Operands.ATC_INV),
    /** Answer a page request group. */
    PRI_RESP(0x41, Operands.PRI_RESP),
    /** Resume a stalled transaction. */
    RESUME(0x44, Operands.RESUME),
    /** Terminate the stalled transactions of a stream. */
    STALL_TERM(0x45, Operands.STALL_TERM),
    /** Synchronise. */
    SYNC(0x46, Operands.SYNC);

    /** Size in bytes. */
    public static final int BYTES = 16;
    /** Range value of CFGI_STE_RANGE that makes it CFGI_ALL. */
    public static final int RANGE_ALL = 31;
    /** CS value: no signal. */
    public static final int CS_NONE = 0;
    /** CS value: interrupt. */
    public static final int CS_IRQ = 1;
    /** CS value: wake-up event. */
    public static final int CS_SEV = 2;

    /** Opcode. */
    public static final BitField OPCODE = Operands.OPCODE;
    /** Secure stream. */
    public static final BitField SSEC = Operands.SSEC;
    /** SubstreamID valid. */
    public static final BitField SSV = Operands.SSV;
    /** SubstreamID. */
    public static final BitField SSID = Operands.SSID;
    /** StreamID. */
    public static final BitField SID = Operands.SID;
    /** VMID. */
    public static final BitField VMID = Operands.VMID;
    /** ASID. */
    public static final BitField ASID = Operands.ASID;
    /** Range: number of units less one. */
    public static final BitField NUM = Operands.NUM;
    /** Range: log2 of the unit in granules. */
    public static final BitField SCALE = Operands.SCALE;
    /** Only leaves need be invalidated. */
    public static final BitField LEAF = Operands.LEAF;
    /** log2 of the StreamIDs less one. */
    public static final BitField RANGE = Operands.RANGE;
    /** Level hint. */
    public static final BitField TTL = Operands.TTL;
    /** Granule of a range. */
    public static final BitField TG = Operands.TG;
    /** Virtual address. */
    public static final BitField ADDRESS = Operands.ADDRESS;
    /** log2 of the pages of ATC_INV. */
    public static final BitField ATC_SIZE = Operands.ATC_SIZE;
    /** Entries of every PASID are meant by ATC_INV. */
    public static final BitField ATC_GLOBAL = Operands.ATC_GLOBAL;
    /** Group that PRI_RESP answers. */
    public static final BitField PRG_INDEX = Operands.PRG_INDEX;
    /** Stalled transaction that RESUME names. */
    public static final BitField STAG = Operands.STAG;
    /** RESUME: 1 to try again. */
    public static final BitField AC = Operands.AC;
    /** RESUME: 1 to end with an abort. */
    public static final BitField AB = Operands.AB;
    /** Response of PRI_RESP. */
    public static final BitField RESPONSE = Operands.RESPONSE;
    /** Message of SYNC: data. */
    public static final BitField MSI_DATA = Operands.MSI_DATA;
    /** Message of SYNC: address; 0 for none. */
    public static final BitField MSI_ADDRESS = Operands.MSI_ADDRESS;
    /** Completion signal of SYNC. */
    public static final BitField CS = Operands.CS;
    /** Message of SYNC: shareability. */
    public static final BitField MSH = Operands.MSH;
    /** Message of SYNC: memory attributes. */
    public static final BitField MSI_ATTR = Operands.MSI_ATTR;

    private final int opcode;
    private final Layout layout;

    Command(int opcode, Layout layout) {
        this.opcode = opcode;
        this.layout = layout;
    }

    /** The opcode. */
    public int opcode() {
        return opcode;
    }

    /** The whole entry. */
    public Layout layout() {
        return layout;
    }

    /** The command with an opcode, or null if the opcode is reserved. */
    public static @Nullable Command of(long word0) {
        return BY_OPCODE[OPCODE.getInt(word0)];
    }

    private static final @Nullable Command[] BY_OPCODE = new Command[256];

    static {
        for (Command c : values()) {
            BY_OPCODE[c.opcode] = c;
        }
    }

    /** The operand layouts; a class of its own because enum constants come before static fields. */
    private static final class Operands {
        static final BitField OPCODE = BitField.of("Opcode", 7, 0);
        static final BitField SSEC = BitField.bit("SSec", 10);
        static final BitField SSV = BitField.bit("SSV", 11);
        static final BitField SSID = BitField.of("SubstreamID", 31, 12);
        static final BitField SID = BitField.of("StreamID", 63, 32);
        static final BitField VMID = BitField.of("VMID", 47, 32);
        static final BitField ASID = BitField.of("ASID", 63, 48);
        static final BitField NUM = BitField.of("NUM", 16, 12);
        static final BitField SCALE = BitField.of("SCALE", 25, 20);
        static final BitField LEAF = BitField.bit("Leaf", 64);
        static final BitField RANGE = BitField.of("Range", 68, 64);
        static final BitField TTL = BitField.of("TTL", 73, 72);
        static final BitField TG = BitField.of("TG", 75, 74);
        static final BitField ADDRESS = BitField.address("Address", 127, 76);
        static final BitField IPA = BitField.address("Address", 119, 76);
        static final BitField ATC_SIZE = BitField.of("Size", 69, 64);
        static final BitField ATC_GLOBAL = BitField.bit("Global", 9);
        static final BitField PRG_INDEX = BitField.of("PRGIndex", 72, 64);
        static final BitField STAG = BitField.of("STAG", 79, 64);
        static final BitField AC = BitField.bit("Ac", 12);
        static final BitField AB = BitField.bit("Ab", 13);
        static final BitField RESPONSE = BitField.of("Resp", 77, 76);
        static final BitField MSI_DATA = BitField.of("MSIData", 63, 32);
        static final BitField MSI_ADDRESS = BitField.address("MSIAddress", 119, 66);
        static final BitField CS = BitField.of("CS", 13, 12);
        static final BitField MSH = BitField.of("MSH", 23, 22);
        static final BitField MSI_ATTR = BitField.of("MSIAttr", 27, 24);

        private static final String[] GRANULES = {"no range", "4K", "16K", "64K"};

        static final Layout NONE = command("command", "§4.1").build();
        static final Layout PREFETCH_CONFIG = command("CMD_PREFETCH_CONFIG", "§4.2.1")
                .with(SSEC, SSV, SSID, SID)
                .build();
        static final Layout PREFETCH_ADDR = command("CMD_PREFETCH_ADDR", "§4.2.2")
                .with(SSEC, SSV, SSID, SID, BitField.of("Size", 68, 64), ADDRESS)
                .build();
        static final Layout CFGI_STE =
                command("CMD_CFGI_STE", "§4.3.1").with(SSEC, SID, LEAF).build();
        static final Layout CFGI_STE_RANGE =
                command("CMD_CFGI_STE_RANGE", "§4.3.2").with(SSEC, SID, RANGE).build();
        static final Layout CFGI_CD =
                command("CMD_CFGI_CD", "§4.3.3").with(SSEC, SSID, SID, LEAF).build();
        static final Layout CFGI_CD_ALL =
                command("CMD_CFGI_CD_ALL", "§4.3.4").with(SSEC, SID).build();
        static final Layout BY_VMID =
                command("CMD_TLBI by VMID", "§4.4").with(SSEC, VMID).build();
        static final Layout BY_ASID =
                command("CMD_TLBI by ASID", "§4.4").with(SSEC, VMID, ASID).build();
        static final Layout BY_VA = command("CMD_TLBI by VA", "§4.4")
                .with(SSEC, NUM, SCALE, VMID, ASID, LEAF, TTL)
                .named(TG, GRANULES)
                .with(ADDRESS)
                .build();
        static final Layout BY_IPA = command("CMD_TLBI by IPA", "§4.4")
                .with(SSEC, NUM, SCALE, VMID, LEAF, TTL)
                .named(TG, GRANULES)
                .with(IPA)
                .build();
        static final Layout ATC_INV = command("CMD_ATC_INV", "§4.5.1")
                .with(ATC_GLOBAL, SSEC, SSV, SSID, SID, ATC_SIZE, ADDRESS)
                .build();
        static final Layout PRI_RESP = command("CMD_PRI_RESP", "§4.5.2")
                .with(SSEC, SSV, SSID, SID, PRG_INDEX, RESPONSE)
                .build();
        static final Layout RESUME =
                command("CMD_RESUME", "§4.6.1").with(SSEC, AC, AB, SID, STAG).build();
        static final Layout STALL_TERM =
                command("CMD_STALL_TERM", "§4.6.2").with(SSEC, SID).build();
        static final Layout SYNC = command("CMD_SYNC", "§4.7.3")
                .with(SSEC)
                .named(CS, "no signal", "interrupt", "wake-up event", "reserved")
                .with(MSH, MSI_ATTR, MSI_DATA, MSI_ADDRESS)
                .build();

        private static Layout.Builder command(String name, String section) {
            return Layout.builder(name, 2, "IHI 0070 " + section).with(OPCODE);
        }
    }
}
