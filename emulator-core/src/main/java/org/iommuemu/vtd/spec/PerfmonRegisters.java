// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The registers of performance monitoring, there with ECAP.PMS (VT-d architecture 11.4.13). */
public final class PerfmonRegisters {
    private static final Layout.Builder P = Layout.builder("PERFCAP", 1, "VT-d 11.4.13");
    /** Number of counters. */
    public static final BitField NCNTR = P.field("NCNTR", 15, 0);
    /** Width of a counter in bits. */
    public static final BitField CW = P.field("CW", 22, 16);
    /** Number of event groups. */
    public static final BitField EGCNT = P.field("EGCNT", 28, 24);
    /** Filters: requester id, domain, PASID, address type, level. */
    public static final BitField FILTERS = P.field("FILTERS", 36, 32);
    /** Counters can be written while enabled. */
    public static final BitField CWE = P.bit("CWE", 48);
    /** An overflow can freeze all counters. */
    public static final BitField GFS = P.bit("GFS", 49);
    /** An overflow can raise an interrupt. */
    public static final BitField IOS = P.bit("IOS", 50);
    /** Counters differ in what they can do. */
    public static final BitField PCCS = P.bit("PCCS", 51);
    /** Counters are 2^(CS+10) bytes apart. */
    public static final BitField CS = P.field("CS", 54, 52);
    /** Capabilities. */
    public static final Register PERFCAP = Register.readOnly("PERFCAP", 0x300, 8, P.build());

    /** Offset of the configuration of counter 0. */
    public static final int CONFIGURATION_BASE = 0x1000;
    /** Offset of the freeze status. */
    public static final int FREEZE_BASE = 0x340;
    /** Offset of the overflow status. */
    public static final int OVERFLOW_BASE = 0x348;
    /** Offset of the value of counter 0. */
    public static final int COUNTER_BASE = 0x8000;
    /** Counters at most: what one status register has. */
    public static final int MOST_COUNTERS = 64;

    private static final int CONFIGURATION_BYTES = 0x100;
    private static final int COUNTER_STRIDE = 0x400;

    /** Where configurations are. */
    public static final Register PERFCFGOFF = offset("PERFCFGOFF", 0x310, CONFIGURATION_BASE);
    /** Where the freeze status is. */
    public static final Register PERFFRZOFF = offset("PERFFRZOFF", 0x314, FREEZE_BASE);
    /** Where the overflow status is. */
    public static final Register PERFOVFOFF = offset("PERFOVFOFF", 0x318, OVERFLOW_BASE);
    /** Where counters are. */
    public static final Register PERFCNTROFF = offset("PERFCNTROFF", 0x31C, COUNTER_BASE);

    private static final Layout.Builder S = Layout.builder("PERFINTRSTS", 1, "VT-d 11.4.13");
    /** An overflow asks for an interrupt. */
    public static final BitField PIS = S.bit("PIS", 0);
    /** Interrupt status. */
    public static final Register PERFINTRSTS = new Register("PERFINTRSTS", 0x324, 4, 0, 0, PIS.mask(), S.build());
    /** Overflow event. */
    public static final EventRegisters OVERFLOW_EVENT = VtdRegisters.eventRegisters("PERFINTR", 0x328);

    private static final Layout.Builder C = Layout.builder("PERFCNTRCFG", 1, "VT-d 11.4.13");
    /** Events, as bits of the group. */
    public static final BitField ES = C.field("ES", 59, 32);
    /** Event group. */
    public static final BitField EGI = C.field("EGI", 11, 8);
    /** Global freeze on overflow. */
    public static final BitField GFO = C.bit("GFO", 2);
    /** Interrupt on overflow. */
    public static final BitField IO = C.bit("IO", 1);
    /** Enabled; by command alone. */
    public static final BitField EN = C.bit("EN", 0);

    private static final Layout CONFIGURATION = C.build();

    private static final Layout.Builder F = Layout.builder("PERFCNTRFILTER", 1, "VT-d 11.4.13");
    /** The filter is used. */
    public static final BitField FILTER_EN = F.bit("EN", 31);
    /** A requester id or domain. */
    public static final BitField FILTER_ID = F.field("ID", 15, 0);
    /** Address types, as bits: untranslated, Translation Request, translated, host permission table prefetch. */
    public static final BitField FILTER_TYPES = F.field("AT", 4, 0);

    private static final Layout FILTER = F.build();
    private static final Layout STATUS = VtdRegisters.plain("PERFFRZSTS, PERFOVFSTS", "11.4.13");

    /** Freeze status: a bit for each counter. */
    public static final Register FREEZE = Register.readOnly("PERFFRZSTS", FREEZE_BASE, 8, STATUS);

    private final Register overflow;
    private final List<Register> configurations = new ArrayList<>();
    private final List<Register> requesterFilters = new ArrayList<>();
    private final List<Register> domainFilters = new ArrayList<>();
    private final List<Register> typeFilters = new ArrayList<>();
    private final List<Register> counters = new ArrayList<>();
    private final List<Register> groups = new ArrayList<>();

    /** The registers of a monitor of 1 to {@link #MOST_COUNTERS} counters with {@link PerfmonEvent}'s groups. */
    public PerfmonRegisters(int count, int bits) {
        overflow = new Register("PERFOVFSTS", OVERFLOW_BASE, 8, 0, 0, -1L >>> Long.SIZE - count, STATUS);
        Layout value = VtdRegisters.plain("PERFCNTR", "11.4.13");
        long configured = ES.mask() | EGI.mask() | GFO.mask() | IO.mask();
        long id = FILTER_EN.mask() | FILTER_ID.mask();
        // Prefetches of host permission tables there are none.
        long types = FILTER_EN.mask() | 7;
        for (int n = 0; n < count; n++) {
            int at = CONFIGURATION_BASE + n * CONFIGURATION_BYTES;
            configurations.add(Register.writable("PERFCNTRCFG" + n, at, 8, configured, CONFIGURATION));
            requesterFilters.add(Register.writable("PERFRIDFILTER" + n, at + 0x8, 4, id, FILTER));
            domainFilters.add(Register.writable("PERFDIDFILTER" + n, at + 0xC, 4, id, FILTER));
            typeFilters.add(Register.writable("PERFATFILTER" + n, at + 0x14, 4, types, FILTER));
            counters.add(Register.writable(
                    "PERFCNTR" + n, COUNTER_BASE + n * COUNTER_STRIDE, 8, -1L >>> Long.SIZE - bits, value));
        }
        for (int g = 0; g < PerfmonEvent.GROUPS; g++) {
            Layout events = VtdRegisters.plain("PERFEVNTCAP", "11.4.13");
            groups.add(new Register("PERFEVNTCAP" + g, 0x380 + g * 8, 8, PerfmonEvent.inGroup(g), 0, 0, events));
        }
    }

    private static Register offset(String name, int at, int value) {
        return new Register(name, at, 4, value, 0, 0, VtdRegisters.plain(name, "11.4.13"));
    }

    /** All of them. */
    public List<Register> map() {
        List<Register> all = new ArrayList<>(
                List.of(PERFCAP, PERFCFGOFF, PERFFRZOFF, PERFOVFOFF, PERFCNTROFF, PERFINTRSTS, FREEZE, overflow));
        all.addAll(OVERFLOW_EVENT.all());
        all.addAll(groups);
        all.addAll(configurations);
        all.addAll(requesterFilters);
        all.addAll(domainFilters);
        all.addAll(typeFilters);
        all.addAll(counters);
        return all;
    }

    /** Overflow status: a bit for each counter. */
    public Register overflow() {
        return overflow;
    }

    /** A counter's configuration. */
    public Register configuration(int counter) {
        return configurations.get(counter);
    }

    /** A counter's filter by requester id. */
    public Register requesterFilter(int counter) {
        return requesterFilters.get(counter);
    }

    /** A counter's filter by domain. */
    public Register domainFilter(int counter) {
        return domainFilters.get(counter);
    }

    /** A counter's filter by address type. */
    public Register typeFilter(int counter) {
        return typeFilters.get(counter);
    }

    /** A counter's value. */
    public Register counter(int counter) {
        return counters.get(counter);
    }
}
