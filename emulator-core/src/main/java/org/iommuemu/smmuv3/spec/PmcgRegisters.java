// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/**
 * The register map of a performance monitor counter group (IHI 0070 §10.5). What a group can do decides where registers are:
 * counters of up to 32 bits are 4 bytes apart, larger ones 8, and with RELOC_CTRS what a virtual machine may touch is in page 1.
 */
public final class PmcgRegisters {
    /** The most counters of a group. */
    public static final int MOST_COUNTERS = 64;
    /** Offset of page 1 from page 0, where there is one. */
    public static final int PAGE_1 = 0x10000;

    private static final List<Register> COMMON = new ArrayList<>();
    private static final long ALL = -1L;

    private static final Layout.Builder T = Layout.builder("SMMU_PMCG_EVTYPERn", 1, "IHI 0070 §10.5.2.2");
    /** What is counted. */
    public static final BitField EVENT = T.field("EVENT", 15, 0);
    /** Filter by PARTID. */
    public static final BitField FILTER_PARTID = T.bit("FILTER_PARTID", 16);
    /** Filter by PMG. */
    public static final BitField FILTER_PMG = T.bit("FILTER_PMG", 17);
    /** Space of PARTIDs. */
    public static final BitField FILTER_MPAM_SP = T.field("FILTER_MPAM_SP", 19, 18);
    /** Count for Realm streams. */
    public static final BitField FILTER_REALM_SID = T.bit("FILTER_REALM_SID", 28);
    /** The filter is a span of StreamIDs. */
    public static final BitField FILTER_SID_SPAN = T.bit("FILTER_SID_SPAN", 29, "exact", "span");
    /** Count for Secure streams. */
    public static final BitField FILTER_SEC_SID = T.bit("FILTER_SEC_SID", 30);
    /** An overflow captures all counters. */
    public static final BitField OVFCAP = T.bit("OVFCAP", 31);

    private static final Layout EVTYPER_LAYOUT = T.build();

    private static final Layout.Builder V = Layout.builder("SMMU_PMCG_EVCNTRn", 1, "IHI 0070 §10.5.2.1");
    /** The count. */
    public static final BitField COUNTER_VALUE = V.field("COUNTER_VALUE", 63, 0);

    private static final Layout EVCNTR_LAYOUT = V.build();

    private static final Layout.Builder S = Layout.builder("SMMU_PMCG_SVRn", 1, "IHI 0070 §10.5.2.3");
    /** The captured count. */
    public static final BitField SHADOW_COUNTER_VALUE = S.field("SHADOW_COUNTER_VALUE", 63, 0);

    private static final Layout SVR_LAYOUT = S.build();

    private static final Layout.Builder M = Layout.builder("SMMU_PMCG_SMRn", 1, "IHI 0070 §10.5.2.4");
    /** Whose events are counted. */
    public static final BitField STREAMID = M.field("STREAMID", 31, 0);

    private static final Layout SMR_LAYOUT = M.build();

    /** Counters on. */
    public static final Register CNTENSET0 = bitmap("SMMU_PMCG_CNTENSET0", 0xC00, false, "§10.5.2.5");
    /** Counters off. */
    public static final Register CNTENCLR0 = bitmap("SMMU_PMCG_CNTENCLR0", 0xC20, true, "§10.5.2.6");
    /** Interrupts on. */
    public static final Register INTENSET0 = bitmap("SMMU_PMCG_INTENSET0", 0xC40, false, "§10.5.2.7");
    /** Interrupts off. */
    public static final Register INTENCLR0 = bitmap("SMMU_PMCG_INTENCLR0", 0xC60, true, "§10.5.2.8");

    private static final Layout.Builder G = Layout.builder("SMMU_PMCG_CFGR", 1, "IHI 0070 §10.5.2.13");
    /** Number of counters, less one. */
    public static final BitField NCTR = G.field("NCTR", 5, 0);
    /** Bits of a counter, less one. */
    public static final BitField SIZE = G.field("SIZE", 13, 8);
    /** Page 1 is there. */
    public static final BitField RELOC_CTRS = G.bit("RELOC_CTRS", 20);
    /** Messages. */
    public static final BitField MSI = G.bit("MSI", 21);
    /** Capture. */
    public static final BitField CAPTURE = G.bit("CAPTURE", 22);
    /** Whose filter it is. */
    public static final BitField SID_FILTER_TYPE =
            G.bit("SID_FILTER_TYPE", 23, "a filter for each counter", "one filter for all");
    /** Messages carry MPAM attributes. */
    public static final BitField MPAM = G.bit("MPAM", 24);
    /** Filters by PARTID and PMG. */
    public static final BitField FILTER_PARTID_PMG = G.bit("FILTER_PARTID_PMG", 25);
    /** What the group can do. */
    public static final Register CFGR = readOnly("SMMU_PMCG_CFGR", 0xE00, 4, G.build());

    private static final Layout.Builder C = Layout.builder("SMMU_PMCG_CR", 1, "IHI 0070 §10.5.2.14");
    /** Counting. */
    public static final BitField E = C.bit("E", 0);
    /** Control. */
    public static final Register CR = writable("SMMU_PMCG_CR", 0xE04, 4, E.mask(), C.build());
    /** Implementation. */
    public static final Register IIDR = readOnly("SMMU_PMCG_IIDR", 0xE08, 4, Idr.IIDR);
    /** Events 0 to 63 that can be counted. */
    public static final Register CEID0 = readOnly("SMMU_PMCG_CEID0", 0xE20, 8, plain("SMMU_PMCG_CEID0", "§10.5.2.16"));
    /** Events 64 to 127 that can be counted. */
    public static final Register CEID1 = readOnly("SMMU_PMCG_CEID1", 0xE28, 8, plain("SMMU_PMCG_CEID1", "§10.5.2.17"));

    private static final Layout.Builder I = Layout.builder("SMMU_PMCG_IRQ_CTRL", 1, "IHI 0070 §10.5.2.19");
    /** The group's interrupt. */
    public static final BitField IRQEN = I.bit("IRQEN", 0);

    private static final Layout IRQ_CTRL_LAYOUT = I.build();
    /** Interrupt enable. */
    public static final Register IRQ_CTRL = writable("SMMU_PMCG_IRQ_CTRL", 0xE50, 4, IRQEN.mask(), IRQ_CTRL_LAYOUT);
    /** Interrupt enable in force. */
    public static final Register IRQ_CTRLACK = readOnly("SMMU_PMCG_IRQ_CTRLACK", 0xE54, 4, IRQ_CTRL_LAYOUT);
    /** Message address. */
    public static final Register IRQ_CFG0 =
            writable("SMMU_PMCG_IRQ_CFG0", 0xE58, 8, Registers.MSI_ADDR.mask(), Registers.GERROR_IRQ_CFG0.layout());
    /** Message data. */
    public static final Register IRQ_CFG1 =
            writable("SMMU_PMCG_IRQ_CFG1", 0xE60, 4, Registers.MSI_DATA.mask(), Registers.GERROR_IRQ_CFG1.layout());
    /** Message attributes. */
    public static final Register IRQ_CFG2 = writable(
            "SMMU_PMCG_IRQ_CFG2", 0xE64, 4, Registers.MSI_MEM_ATTR.mask() | Registers.MSI_SH.mask(), attributes());

    private static final Layout.Builder A = Layout.builder("SMMU_PMCG_IRQ_STATUS", 1, "IHI 0070 §10.5.2.24");
    /** A message got no answer. */
    public static final BitField IRQ_ABT = A.bit("IRQ_ABT", 0);
    /** What became of messages. */
    public static final Register IRQ_STATUS = readOnly("SMMU_PMCG_IRQ_STATUS", 0xE68, 4, A.build());
    /** Architecture version. */
    public static final Register AIDR = readOnly("SMMU_PMCG_AIDR", 0xE70, 4, Idr.AIDR);

    private static final Layout.Builder X = Layout.builder("SMMU_PMCG_CAPR", 1, "IHI 0070 §10.5.2.11");
    /** Capture now. */
    public static final BitField CAPTURE_NOW = X.bit("CAPTURE", 0);

    private static final Layout CAPR_LAYOUT = X.build();

    /** Offsets of the identification registers: PMDEVARCH, PMDEVTYPE, PIDR4 to 7, PIDR0 to 3, CIDR0 to 3. */
    private static final int[] ID_OFFSETS = {
        0xFBC, 0xFCC, 0xFD0, 0xFD4, 0xFD8, 0xFDC, 0xFE0, 0xFE4, 0xFE8, 0xFEC, 0xFF0, 0xFF4, 0xFF8, 0xFFC
    };

    private static final long DEVARCH = 0x4770_2A56L;
    private static final long DEVTYPE = 0x56;
    private static final long JEDEC = 8;

    private final List<Register> map = new ArrayList<>(COMMON);
    private final Register[] counters;
    private final Register[] eventTypes;
    private final Register[] shadows;
    private final Register[] filters;
    private final Register overflowClear;
    private final Register overflowSet;
    private final Register capture;

    /**
     * The map of one group.
     *
     * @param cfgr SMMU_PMCG_CFGR
     * @param iidr SMMU_PMCG_IIDR, which the peripheral identification repeats
     * @param streamIdBits width of a StreamID, for the filters
     */
    public PmcgRegisters(long cfgr, long iidr, int streamIdBits) {
        int n = NCTR.getInt(cfgr) + 1;
        int page = RELOC_CTRS.isSet(cfgr) ? PAGE_1 : 0;
        int bits = SIZE.getInt(cfgr) + 1;
        int bytes = bits <= Integer.SIZE ? Integer.BYTES : Long.BYTES;
        boolean shared = SID_FILTER_TYPE.isSet(cfgr);
        long count = ALL >>> Long.SIZE - bits;
        long stream = ALL >>> Long.SIZE - Math.max(1, streamIdBits);
        counters = new Register[n];
        eventTypes = new Register[n];
        shadows = new Register[n];
        filters = new Register[n];
        for (int i = 0; i < n; i++) {
            boolean filtered = i == 0 || !shared;
            long type =
                    EVENT.mask() | (filtered ? FILTER_SID_SPAN.mask() : 0) | (CAPTURE.isSet(cfgr) ? OVFCAP.mask() : 0);
            counters[i] = add(Register.writable("SMMU_PMCG_EVCNTR" + i, page + bytes * i, bytes, count, EVCNTR_LAYOUT));
            eventTypes[i] = add(Register.writable("SMMU_PMCG_EVTYPER" + i, 0x400 + 4 * i, 4, type, EVTYPER_LAYOUT));
            shadows[i] = add(Register.readOnly("SMMU_PMCG_SVR" + i, page + 0x600 + bytes * i, bytes, SVR_LAYOUT));
            filters[i] =
                    add(Register.writable("SMMU_PMCG_SMR" + i, 0xA00 + 4 * i, 4, filtered ? stream : 0, SMR_LAYOUT));
        }
        overflowClear = add(bitmapAt("SMMU_PMCG_OVSCLR0", page + 0xC80, true, "§10.5.2.9"));
        overflowSet = add(bitmapAt("SMMU_PMCG_OVSSET0", page + 0xCC0, false, "§10.5.2.10"));
        capture = add(Register.writable("SMMU_PMCG_CAPR", page + 0xD88, 4, CAPTURE_NOW.mask(), CAPR_LAYOUT));
        identify(iidr);
    }

    /** §10.5.2.29. */
    private void identify(long iidr) {
        long implementer = Idr.IMPLEMENTER.get(iidr);
        long product = Idr.PRODUCT_ID.get(iidr);
        long[] values = {
            DEVARCH,
            DEVTYPE,
            implementer >>> 8,
            0,
            0,
            0,
            product & 0xFF,
            (implementer & 0xF) << 4 | product >>> 8,
            Idr.VARIANT.get(iidr) << 4 | JEDEC | implementer >>> 4 & 7,
            Idr.REVISION.get(iidr) << 4,
            0x0D,
            0x90,
            0x05,
            0xB1
        };
        for (int i = 0; i < values.length; i++) {
            String name = "SMMU_PMCG_ID_" + Integer.toHexString(ID_OFFSETS[i]);
            add(new Register(name, ID_OFFSETS[i], 4, values[i], 0, 0, plain(name, "§10.5.2.29")));
        }
    }

    /** Every register of the group. */
    public List<Register> map() {
        return List.copyOf(map);
    }

    /** SMMU_PMCG_EVCNTRn. */
    public Register counter(int n) {
        return counters[n];
    }

    /** SMMU_PMCG_EVTYPERn. */
    public Register eventType(int n) {
        return eventTypes[n];
    }

    /** SMMU_PMCG_SVRn. */
    public Register shadow(int n) {
        return shadows[n];
    }

    /** SMMU_PMCG_SMRn. */
    public Register filter(int n) {
        return filters[n];
    }

    /** SMMU_PMCG_OVSCLR0. */
    public Register overflowClear() {
        return overflowClear;
    }

    /** SMMU_PMCG_OVSSET0. */
    public Register overflowSet() {
        return overflowSet;
    }

    /** SMMU_PMCG_CAPR. */
    public Register capture() {
        return capture;
    }

    private Register add(Register r) {
        map.add(r);
        return r;
    }

    private static Register readOnly(String name, int offset, int bytes, Layout layout) {
        return common(Register.readOnly(name, offset, bytes, layout));
    }

    private static Register writable(String name, int offset, int bytes, long mask, Layout layout) {
        return common(Register.writable(name, offset, bytes, mask, layout));
    }

    private static Register bitmap(String name, int offset, boolean clears, String section) {
        return common(bitmapAt(name, offset, clears, section));
    }

    private static Register bitmapAt(String name, int offset, boolean clears, String section) {
        return new Register(name, offset, 8, 0, clears ? 0 : ALL, clears ? ALL : 0, plain(name, section));
    }

    private static Register common(Register r) {
        COMMON.add(r);
        return r;
    }

    private static Layout attributes() {
        return Layout.builder("SMMU_PMCG_IRQ_CFG2", 1, "IHI 0070 §10.5.2.23")
                .with(Registers.MSI_MEM_ATTR, Registers.MSI_SH)
                .build();
    }

    private static Layout plain(String name, String section) {
        return Layout.builder(name, 1, "IHI 0070 " + section).build();
    }
}
