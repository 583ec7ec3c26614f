// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The Non-secure register map, pages 0 and 1 (IHI 0070 §6.1-6.3). */
public final class Registers {
    /** Offset of page 1 from page 0. */
    public static final int PAGE_1 = 0x10000;

    private static final List<Register> MAP = new ArrayList<>();

    /** Features 0. */
    public static final Register IDR0 = readOnly("SMMU_IDR0", 0x00, Idr.IDR0);
    /** Features 1. */
    public static final Register IDR1 = readOnly("SMMU_IDR1", 0x04, Idr.IDR1);
    /** Features 2. */
    public static final Register IDR2 = readOnly("SMMU_IDR2", 0x08, Idr.IDR2);
    /** Features 3. */
    public static final Register IDR3 = readOnly("SMMU_IDR3", 0x0C, Idr.IDR3);
    /** Implementation defined features. */
    public static final Register IDR4 = readOnly("SMMU_IDR4", 0x10, plain("SMMU_IDR4", "§6.3.5"));
    /** Features 5. */
    public static final Register IDR5 = readOnly("SMMU_IDR5", 0x14, Idr.IDR5);
    /** Implementation. */
    public static final Register IIDR = readOnly("SMMU_IIDR", 0x18, Idr.IIDR);
    /** Architecture version. */
    public static final Register AIDR = readOnly("SMMU_AIDR", 0x1C, Idr.AIDR);

    private static final Layout.Builder C0 = Layout.builder("SMMU_CR0", 1, "IHI 0070 §6.3.9");
    /** Translate. */
    public static final BitField SMMUEN = C0.bit("SMMUEN", 0);
    /** PRI queue. */
    public static final BitField PRIQEN = C0.bit("PRIQEN", 1);
    /** Event queue. */
    public static final BitField EVENTQEN = C0.bit("EVENTQEN", 2);
    /** Command queue. */
    public static final BitField CMDQEN = C0.bit("CMDQEN", 3);
    /** Check ATS Translated traffic. */
    public static final BitField ATSCHK = C0.bit("ATSCHK", 4);
    /** VMID wildcard. */
    public static final BitField VMW = C0.field("VMW", 8, 6);

    private static final Layout CR0_LAYOUT = C0.build();
    /** Enables. */
    public static final Register CR0 = writable("SMMU_CR0", 0x20, 4, 0x1DF, CR0_LAYOUT);
    /** Enables in force. */
    public static final Register CR0ACK = readOnly("SMMU_CR0ACK", 0x24, CR0_LAYOUT);

    private static final Layout.Builder C1 = Layout.builder("SMMU_CR1", 1, "IHI 0070 §6.3.11");
    /** Attributes of queue accesses. */
    public static final BitField QUEUE_ATTRIBUTES = C1.field("QUEUE_SH:OC:IC", 5, 0);
    /** Attributes of table accesses. */
    public static final BitField TABLE_ATTRIBUTES = C1.field("TABLE_SH:OC:IC", 11, 6);
    /** Attributes of own accesses. */
    public static final Register CR1 = writable("SMMU_CR1", 0x28, 4, 0xFFF, C1.build());

    private static final Layout.Builder C2 = Layout.builder("SMMU_CR2", 1, "IHI 0070 §6.3.12");
    /** EL2-E2H. */
    public static final BitField E2H = C2.bit("E2H", 0);
    /** Record C_BAD_STREAMID. */
    public static final BitField RECINVSID = C2.bit("RECINVSID", 1);
    /** Ignore broadcast TLB maintenance. */
    public static final BitField PTM = C2.bit("PTM", 2);
    /** Record configuration errors of ATS requests. */
    public static final BitField REC_CFG_ATS = C2.bit("REC_CFG_ATS", 3);
    /** Controls. */
    public static final Register CR2 = writable("SMMU_CR2", 0x2C, 4, 0xF, C2.build());

    private static final Layout.Builder S = Layout.builder("SMMU_STATUSR", 1, "IHI 0070 §6.3.13");
    /** Nothing is cached. */
    public static final BitField DORMANT = S.bit("DORMANT", 0);
    /** Status. */
    public static final Register STATUSR = readOnly("SMMU_STATUSR", 0x40, S.build());

    private static final Layout.Builder G = Layout.builder("SMMU_GBPA", 1, "IHI 0070 §6.3.14");
    /** Memory type. */
    public static final BitField GBPA_MEM_ATTR = G.field("MemAttr", 3, 0);
    /** Use the memory type. */
    public static final BitField GBPA_MTCFG = G.bit("MTCFG", 4);
    /** Allocation hints. */
    public static final BitField GBPA_ALLOCCFG = G.field("ALLOCCFG", 11, 8);
    /** Shareability. */
    public static final BitField GBPA_SHCFG = G.field("SHCFG", 13, 12, "NSH", "incoming", "OSH", "ISH");
    /** Privilege. */
    public static final BitField GBPA_PRIVCFG = G.field("PRIVCFG", 17, 16);
    /** Instruction. */
    public static final BitField GBPA_INSTCFG = G.field("INSTCFG", 19, 18);
    /** Abort everything. */
    public static final BitField GBPA_ABORT = G.bit("ABORT", 20);
    /** An update is requested, or under way. */
    public static final BitField GBPA_UPDATE = G.bit("Update", 31);
    /** Bypass attributes. */
    public static final Register GBPA = add(new Register("SMMU_GBPA", 0x44, 4, 0x1000, 0x801F3F1FL, 0, G.build()));

    private static final Layout.Builder I = Layout.builder("SMMU_IRQ_CTRL", 1, "IHI 0070 §6.3.16");
    /** GERROR interrupt. */
    public static final BitField GERROR_IRQEN = I.bit("GERROR_IRQEN", 0);
    /** PRI queue interrupt. */
    public static final BitField PRIQ_IRQEN = I.bit("PRIQ_IRQEN", 1);
    /** Event queue interrupt. */
    public static final BitField EVENTQ_IRQEN = I.bit("EVENTQ_IRQEN", 2);

    private static final Layout IRQ_LAYOUT = I.build();
    /** Interrupt enables. */
    public static final Register IRQ_CTRL = writable("SMMU_IRQ_CTRL", 0x50, 4, 0x7, IRQ_LAYOUT);
    /** Interrupt enables in force. */
    public static final Register IRQ_CTRLACK = readOnly("SMMU_IRQ_CTRLACK", 0x54, IRQ_LAYOUT);

    private static final Layout.Builder E = Layout.builder("SMMU_GERROR", 1, "IHI 0070 §6.3.18");
    /** Command error. */
    public static final BitField CMDQ_ERR = E.bit("CMDQ_ERR", 0);
    /** Event queue write abort. */
    public static final BitField EVENTQ_ABT_ERR = E.bit("EVENTQ_ABT_ERR", 2);
    /** PRI queue write abort. */
    public static final BitField PRIQ_ABT_ERR = E.bit("PRIQ_ABT_ERR", 3);
    /** MSI of a SYNC aborted. */
    public static final BitField MSI_CMDQ_ABT_ERR = E.bit("MSI_CMDQ_ABT_ERR", 4);
    /** Event queue MSI aborted. */
    public static final BitField MSI_EVENTQ_ABT_ERR = E.bit("MSI_EVENTQ_ABT_ERR", 5);
    /** PRI queue MSI aborted. */
    public static final BitField MSI_PRIQ_ABT_ERR = E.bit("MSI_PRIQ_ABT_ERR", 6);
    /** GERROR MSI aborted. */
    public static final BitField MSI_GERROR_ABT_ERR = E.bit("MSI_GERROR_ABT_ERR", 7);
    /** Any of the messages aborted. */
    public static final BitField MSI_ERRORS = BitField.of("MSI_*_ABT_ERR", 7, 4);
    /** Service failure mode. */
    public static final BitField SFM_ERR = E.bit("SFM_ERR", 8);

    private static final Layout GERROR_LAYOUT = E.build();
    /** Global errors, toggled by the SMMU. */
    public static final Register GERROR = readOnly("SMMU_GERROR", 0x60, GERROR_LAYOUT);
    /** Global errors acknowledged. */
    public static final Register GERRORN = writable("SMMU_GERRORN", 0x64, 4, 0x1FD, GERROR_LAYOUT);

    private static final Layout.Builder M0 = Layout.builder("SMMU_*_IRQ_CFG0", 1, "IHI 0070 §6.3.20");
    /** Where the message goes; 0 for none. */
    public static final BitField MSI_ADDR = M0.address("ADDR", 55, 2);

    private static final Layout MSI_ADDRESS_LAYOUT = M0.build();

    private static final Layout.Builder M1 = Layout.builder("SMMU_*_IRQ_CFG1", 1, "IHI 0070 §6.3.21");
    /** What the message says. */
    public static final BitField MSI_DATA = M1.field("DATA", 31, 0);

    private static final Layout MSI_DATA_LAYOUT = M1.build();

    private static final Layout.Builder M2 = Layout.builder("SMMU_*_IRQ_CFG2", 1, "IHI 0070 §6.3.22");
    /** Memory type of the write. */
    public static final BitField MSI_MEM_ATTR = M2.field("MemAttr", 3, 0);
    /** Shareability of the write. */
    public static final BitField MSI_SH = M2.field("SH", 5, 4);
    /** PRI queue only: interrupt on the last message of a group. */
    public static final BitField PRIQ_LO = M2.bit("LO", 31);

    private static final Layout MSI_ATTRIBUTES_LAYOUT = M2.build();

    /** GERROR message address. */
    public static final Register GERROR_IRQ_CFG0 =
            writable("SMMU_GERROR_IRQ_CFG0", 0x68, 8, MSI_ADDR.mask(), MSI_ADDRESS_LAYOUT);
    /** GERROR message data. */
    public static final Register GERROR_IRQ_CFG1 =
            writable("SMMU_GERROR_IRQ_CFG1", 0x70, 4, MSI_DATA.mask(), MSI_DATA_LAYOUT);
    /** GERROR message attributes. */
    public static final Register GERROR_IRQ_CFG2 =
            writable("SMMU_GERROR_IRQ_CFG2", 0x74, 4, MSI_MEM_ATTR.mask() | MSI_SH.mask(), MSI_ATTRIBUTES_LAYOUT);

    private static final Layout.Builder SB = Layout.builder("SMMU_STRTAB_BASE", 1, "IHI 0070 §6.3.23");
    /** Read-allocate hint. */
    public static final BitField STRTAB_RA = SB.bit("RA", 62);
    /** The stream table. */
    public static final BitField STRTAB_ADDR = SB.address("ADDR", 55, 6);
    /** Stream table base. */
    public static final Register STRTAB_BASE =
            writable("SMMU_STRTAB_BASE", 0x80, 8, STRTAB_RA.mask() | STRTAB_ADDR.mask(), SB.build());

    private static final Layout.Builder SC = Layout.builder("SMMU_STRTAB_BASE_CFG", 1, "IHI 0070 §6.3.24");
    /** log2 of the number of streams. */
    public static final BitField STRTAB_LOG2SIZE = SC.field("LOG2SIZE", 5, 0);
    /** log2 of the streams of a level 2 array. */
    public static final BitField STRTAB_SPLIT = SC.field("SPLIT", 10, 6);
    /** Format. */
    public static final BitField STRTAB_FMT = SC.field("FMT", 17, 16, "linear", "2-level");
    /** Stream table shape. */
    public static final Register STRTAB_BASE_CFG = writable("SMMU_STRTAB_BASE_CFG", 0x88, 4, 0x307FF, SC.build());

    private static final Layout.Builder QB = Layout.builder("SMMU_*Q_BASE", 1, "IHI 0070 §6.3.25");
    /** Allocation hint. */
    public static final BitField QUEUE_HINT = QB.bit("RA/WA", 62);
    /** The queue. */
    public static final BitField QUEUE_ADDR = QB.address("ADDR", 55, 5);
    /** log2 of its entries. */
    public static final BitField QUEUE_LOG2SIZE = QB.field("LOG2SIZE", 4, 0);

    private static final Layout QUEUE_BASE_LAYOUT = QB.build();
    private static final long QUEUE_BASE_MASK = QUEUE_HINT.mask() | QUEUE_ADDR.mask() | QUEUE_LOG2SIZE.mask();

    private static final Layout.Builder QI = Layout.builder("SMMU_*Q_PROD/CONS", 1, "IHI 0070 §6.3.26");
    /** Index and wrap bit. */
    public static final BitField QUEUE_INDEX = QI.field("RD/WR", 19, 0);
    /** Error reason, CMDQ_CONS only. */
    public static final BitField CONS_ERR =
            QI.field("ERR", 30, 24, "CERROR_NONE", "CERROR_ILL", "CERROR_ABT", "CERROR_ATC_INV_SYNC");
    /** Overflow flag, or its acknowledgement. */
    public static final BitField OVERFLOW = QI.bit("OVFLG/OVACKFLG", 31);

    private static final Layout QUEUE_INDEX_LAYOUT = QI.build();
    private static final long INDEX_MASK = QUEUE_INDEX.mask();
    private static final long OUTPUT_INDEX_MASK = INDEX_MASK | OVERFLOW.mask();

    /** Command queue base. */
    public static final Register CMDQ_BASE = writable("SMMU_CMDQ_BASE", 0x90, 8, QUEUE_BASE_MASK, QUEUE_BASE_LAYOUT);
    /** Command queue write index. */
    public static final Register CMDQ_PROD = writable("SMMU_CMDQ_PROD", 0x98, 4, INDEX_MASK, QUEUE_INDEX_LAYOUT);
    /** Command queue read index. */
    public static final Register CMDQ_CONS =
            writable("SMMU_CMDQ_CONS", 0x9C, 4, INDEX_MASK | CONS_ERR.mask(), QUEUE_INDEX_LAYOUT);
    /** Event queue base. */
    public static final Register EVENTQ_BASE =
            writable("SMMU_EVENTQ_BASE", 0xA0, 8, QUEUE_BASE_MASK, QUEUE_BASE_LAYOUT);
    /** Event message address. */
    public static final Register EVENTQ_IRQ_CFG0 =
            writable("SMMU_EVENTQ_IRQ_CFG0", 0xB0, 8, MSI_ADDR.mask(), MSI_ADDRESS_LAYOUT);
    /** Event message data. */
    public static final Register EVENTQ_IRQ_CFG1 =
            writable("SMMU_EVENTQ_IRQ_CFG1", 0xB8, 4, MSI_DATA.mask(), MSI_DATA_LAYOUT);
    /** Event message attributes. */
    public static final Register EVENTQ_IRQ_CFG2 =
            writable("SMMU_EVENTQ_IRQ_CFG2", 0xBC, 4, MSI_MEM_ATTR.mask() | MSI_SH.mask(), MSI_ATTRIBUTES_LAYOUT);
    /** PRI queue base. */
    public static final Register PRIQ_BASE = writable("SMMU_PRIQ_BASE", 0xC0, 8, QUEUE_BASE_MASK, QUEUE_BASE_LAYOUT);
    /** PRI message address. */
    public static final Register PRIQ_IRQ_CFG0 =
            writable("SMMU_PRIQ_IRQ_CFG0", 0xD0, 8, MSI_ADDR.mask(), MSI_ADDRESS_LAYOUT);
    /** PRI message data. */
    public static final Register PRIQ_IRQ_CFG1 =
            writable("SMMU_PRIQ_IRQ_CFG1", 0xD8, 4, MSI_DATA.mask(), MSI_DATA_LAYOUT);
    /** PRI message attributes, and when it is sent. */
    public static final Register PRIQ_IRQ_CFG2 = writable(
            "SMMU_PRIQ_IRQ_CFG2", 0xDC, 4, MSI_MEM_ATTR.mask() | MSI_SH.mask() | PRIQ_LO.mask(), MSI_ATTRIBUTES_LAYOUT);
    /** Event queue write index. */
    public static final Register EVENTQ_PROD =
            writable("SMMU_EVENTQ_PROD", PAGE_1 + 0xA8, 4, OUTPUT_INDEX_MASK, QUEUE_INDEX_LAYOUT);
    /** Event queue read index. */
    public static final Register EVENTQ_CONS =
            writable("SMMU_EVENTQ_CONS", PAGE_1 + 0xAC, 4, OUTPUT_INDEX_MASK, QUEUE_INDEX_LAYOUT);
    /** PRI queue write index. */
    public static final Register PRIQ_PROD =
            writable("SMMU_PRIQ_PROD", PAGE_1 + 0xC8, 4, OUTPUT_INDEX_MASK, QUEUE_INDEX_LAYOUT);
    /** PRI queue read index. */
    public static final Register PRIQ_CONS =
            writable("SMMU_PRIQ_CONS", PAGE_1 + 0xCC, 4, OUTPUT_INDEX_MASK, QUEUE_INDEX_LAYOUT);

    /** Global address translation operations. */
    public static final AtosRegisters GATOS = atos("SMMU_GATOS", 0x100);
    /** Whose streams the virtual interface may ask about. */
    public static final Register VATOS_SEL =
            writable("SMMU_VATOS_SEL", 0x180, 4, 0xFFFF, plain("SMMU_VATOS_SEL", "§6.3.98"));
    /** The virtual interface; its page is the first after page 1, as IDR2.BA_VATOS=0. */
    public static final AtosRegisters VATOS = atos("SMMU_VATOS", 2 * PAGE_1 + 0xA00);

    static {
        int[] bytes = {0x04, 0, 0, 0, 0x84, 0xB4, 0xF0, 0x10, 0x0D, 0xF0, 0x05, 0xB1};
        String[] names = {
            "PIDR4", "PIDR5", "PIDR6", "PIDR7", "PIDR0", "PIDR1", "PIDR2", "PIDR3", "CIDR0", "CIDR1", "CIDR2", "CIDR3"
        };
        for (int i = 0; i < bytes.length; i++) {
            Layout layout = plain("SMMU_" + names[i], "§6.3.109");
            add(new Register("SMMU_" + names[i], 0xFD0 + 4 * i, 4, bytes[i], 0, 0, layout));
        }
    }

    private Registers() {}

    /** Every register, in the order of the map. */
    public static List<Register> map() {
        return List.copyOf(MAP);
    }

    private static AtosRegisters atos(String name, int offset) {
        return new AtosRegisters(
                writable(name + "_CTRL", offset, 4, AtosRegisters.RUN.mask(), AtosRegisters.CTRL_LAYOUT),
                writable(name + "_SID", offset + 0x08, 8, AtosRegisters.SID_MASK, AtosRegisters.SID_LAYOUT),
                writable(name + "_ADDR", offset + 0x10, 8, AtosRegisters.ADDR_MASK, AtosRegisters.ADDR_LAYOUT),
                add(Register.readOnly(name + "_PAR", offset + 0x18, 8, AtosRegisters.PAR_LAYOUT)));
    }

    private static Register readOnly(String name, int offset, Layout layout) {
        return add(Register.readOnly(name, offset, 4, layout));
    }

    private static Register writable(String name, int offset, int bytes, long mask, Layout layout) {
        return add(Register.writable(name, offset, bytes, mask, layout));
    }

    private static Register add(Register r) {
        MAP.add(r);
        return r;
    }

    private static Layout plain(String name, String section) {
        return Layout.builder(name, 1, "IHI 0070 " + section).build();
    }
}
