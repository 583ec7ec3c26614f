// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.Rule;
import org.iommuemu.smmuv3.spec.Event;
import org.jspecify.annotations.Nullable;

/** The rules by which an SMMUv3 refuses a transaction, with the event that each one records. */
public enum SmmuRule implements Rule {
    /** GBPA.ABORT. */
    GBPA_ABORT(null, "GBPA.ABORT", "translation is off and GBPA.ABORT=1 aborts everything", "§6.3.14"),
    /** Bypass by SMMUEN=0. */
    DISABLED_ADDRESS_SIZE(null, "IDR5.OAS", "translation is off and the address is wider than OAS", "§3.4"),

    /** StreamID range. */
    STREAM_ID_RANGE(Event.C_BAD_STREAMID, "StreamID", "StreamID is not below 2^STRTAB_BASE_CFG.LOG2SIZE", "§3.3.2"),
    /** L1STD. */
    L1STD_SPAN_INVALID(Event.C_BAD_STREAMID, "L1STD.Span", "Span is 0 or more than 11: no level 2 array", "§5.1"),
    /** L1STD. */
    L1STD_SPAN_BEYOND_SPLIT(
            Event.C_BAD_STREAMID, "L1STD.Span", "Span covers more than STRTAB_BASE_CFG.SPLIT StreamIDs", "§5.1"),
    /** L1STD. */
    STREAM_ID_BEYOND_SPAN(
            Event.C_BAD_STREAMID, "L1STD.Span", "the level 2 array is too short for this StreamID", "§5.1"),
    /** L1STD or STE. */
    STE_FETCH_ABORT(Event.F_STE_FETCH, "STE address", "the read of the L1STD or STE got no answer", "§7.3.4"),

    /** STE.V. */
    STE_NOT_VALID(Event.C_BAD_STE, "STE.V", "V=0", "§5.2"),
    /** STE.Config. */
    STE_ABORT(null, "STE.Config", "Config=0b0xx aborts everything without an event", "§5.2"),
    /** STE.Config. */
    STE_STAGE_1_ABSENT(Event.C_BAD_STE, "STE.Config", "Config selects stage 1, which IDR0.S1P=0 lacks", "§5.2"),
    /** STE.Config. */
    STE_STAGE_2_ABSENT(Event.C_BAD_STE, "STE.Config", "Config selects stage 2, which IDR0.S2P=0 lacks", "§5.2"),
    /** STE.STRW. */
    STE_STREAM_WORLD(Event.C_BAD_STE, "STE.STRW", "STRW[0]=1 is reserved", "§5.2"),
    /** STE.S1STALLD. */
    STE_STALL_DISABLE(Event.C_BAD_STE, "STE.S1STALLD", "S1STALLD=1 where IDR0.STALL_MODEL is not 0b00", "§5.2"),
    /** STE.S1CDMax. */
    STE_CD_MAX(Event.C_BAD_STE, "STE.S1CDMax", "S1CDMax is larger than IDR1.SSIDSIZE", "§5.2"),
    /** STE.S1Fmt. */
    STE_CD_FORMAT(Event.C_BAD_STE, "STE.S1Fmt", "S1Fmt selects a 2-level CD table, which IDR0.CD2L=0 lacks", "§5.2"),
    /** STE.S1ContextPtr. */
    STE_CONTEXT_POINTER(Event.C_BAD_STE, "STE.S1ContextPtr", "S1ContextPtr is wider than OAS", "§5.2"),

    /** STE.S2VMID. */
    STE_VMID(Event.C_BAD_STE, "STE.S2VMID", "S2VMID[15:8] is not 0 where IDR0.VMID16=0", "§5.2"),
    /** STE.S2S. */
    STE_S2_STALL(Event.C_BAD_STE, "STE.S2S", "S2S asks for what IDR0.STALL_MODEL does not have", "§5.2"),
    /** STE.S2AA64. */
    STE_S2_TABLE_FORMAT(
            Event.C_BAD_STE, "STE.S2AA64", "S2AA64=0 selects VMSAv8-32 LPAE tables, which IDR0.TTF lacks", "§5.2"),
    /** STE.S2HA. */
    STE_S2_HARDWARE_UPDATE(Event.C_BAD_STE, "STE.S2HA/S2HD", "S2HA or S2HD is set, which IDR0.HTTU lacks", "§5.2"),
    /** STE.S2HAFT. */
    STE_S2_TABLE_FLAG_UPDATE(Event.C_BAD_STE, "STE.S2HAFT", "S2HAFT=1 without S2HA", "§5.2"),
    /** STE.S2ENDI. */
    STE_S2_ENDIANNESS(Event.C_BAD_STE, "STE.S2ENDI", "S2ENDI selects an endianness that IDR0.TTENDIAN lacks", "§5.2"),
    /** STE.S2TG. */
    STE_S2_GRANULE(Event.C_BAD_STE, "STE.S2TG", "S2TG is reserved or names an unsupported granule", "§5.2"),
    /** STE.S2T0SZ. */
    STE_S2_INPUT_SIZE(Event.C_BAD_STE, "STE.S2T0SZ", "S2T0SZ is out of range", "§5.2"),
    /** STE.S2SL0. */
    STE_S2_START_LEVEL(Event.C_BAD_STE, "STE.S2SL0", "S2SL0, S2T0SZ and S2TG do not fit together", "§5.2"),
    /** STE.S2TTB. */
    STE_S2_TABLE_BASE(Event.C_BAD_STE, "STE.S2TTB", "S2TTB is wider than S2PS, or than 48 bits without S2DS", "§5.2"),

    /** Substreams. */
    SUBSTREAM_WITHOUT_STAGE_1(
            Event.C_BAD_SUBSTREAMID, "SubstreamID", "a SubstreamID on a stream without stage 1", "§3.9"),
    /** Substreams. */
    SUBSTREAM_NOT_ENABLED(Event.C_BAD_SUBSTREAMID, "STE.S1CDMax", "a SubstreamID on a stream with S1CDMax=0", "§3.9"),
    /** Substreams. */
    SUBSTREAM_RANGE(Event.C_BAD_SUBSTREAMID, "SubstreamID", "SubstreamID is not below 2^STE.S1CDMax", "§3.9"),
    /** Substreams. */
    SUBSTREAM_0_RESERVED(
            Event.F_STREAM_DISABLED, "STE.S1DSS", "SubstreamID 0 where S1DSS=0b10 uses CD 0 for others", "§3.9"),
    /** Substreams. */
    SUBSTREAM_REQUIRED(
            Event.F_STREAM_DISABLED, "STE.S1DSS", "no SubstreamID where S1DSS terminates such requests", "§3.9"),
    /** L1CD. */
    L1CD_NOT_VALID(Event.C_BAD_SUBSTREAMID, "L1CD.V", "V=0", "§5.3"),
    /** L1CD. */
    L1CD_POINTER(Event.C_BAD_SUBSTREAMID, "L1CD.L2Ptr", "L2Ptr is wider than OAS", "§5.3"),
    /** L1CD or CD. */
    CD_FETCH_ABORT(Event.F_CD_FETCH, "CD address", "the read of the L1CD or CD got no answer", "§7.3.10"),

    /** L1CD or CD, behind stage 2; the event is that of the stage 2 fault. */
    CD_NOT_LOCATED(null, "STE.S1ContextPtr", "stage 2 does not let the L1CD or CD be read", "§5.3"),

    /** CD.V. */
    CD_NOT_VALID(Event.C_BAD_CD, "CD.V", "V=0", "§5.4"),
    /** CD.S. */
    CD_STALL(Event.C_BAD_CD, "CD.S", "S=1 where IDR0.STALL_MODEL=0b01 or STE.S1STALLD=1 forbids stalls", "§5.4"),
    /** CD.A. */
    CD_ABORT(Event.C_BAD_CD, "CD.A", "A=0 where IDR0.TERM_MODEL=1 has only aborts", "§5.4"),
    /** CD.ENDI. */
    CD_ENDIANNESS(Event.C_BAD_CD, "CD.ENDI", "ENDI selects an endianness that IDR0.TTENDIAN lacks", "§5.4"),
    /** CD.AA64. */
    CD_TABLE_FORMAT(Event.C_BAD_CD, "CD.AA64", "AA64=0 selects VMSAv8-32 LPAE tables, which IDR0.TTF lacks", "§5.4"),
    /** CD.HA. */
    CD_HARDWARE_UPDATE(Event.C_BAD_CD, "CD.HA/HD", "HA or HD is set, which IDR0.HTTU lacks", "§5.4"),
    /** CD.HAFT. */
    CD_TABLE_FLAG_UPDATE(Event.C_BAD_CD, "CD.HAFT", "HAFT=1 without HA", "§5.4"),
    /** CD.ASID. */
    CD_ASID(Event.C_BAD_CD, "CD.ASID", "ASID[15:8] is not 0 where IDR0.ASID16=0", "§5.4"),
    /** CD.TxSZ. */
    CD_INPUT_SIZE(Event.C_BAD_CD, "CD.TxSZ", "TxSZ is out of range", "§5.4"),
    /** CD.TGx. */
    CD_GRANULE(Event.C_BAD_CD, "CD.TGx", "TGx is reserved or names an unsupported granule", "§5.4"),
    /** CD.TTBx. */
    CD_TABLE_BASE(Event.C_BAD_CD, "CD.TTBx", "TTBx is wider than IPS, or than 48 bits without DS", "§5.4"),

    /** Bypass. */
    BYPASS_ADDRESS_SIZE(Event.F_ADDR_SIZE, "IDR5.OAS", "the bypassing address is wider than OAS", "§3.4"),
    /** S1DSS bypass. */
    STAGE_1_BYPASS_ADDRESS_SIZE(
            Event.F_ADDR_SIZE, "IDR5.OAS", "the address bypasses stage 1 and is wider than IAS", "§3.4"),
    /** Input range. */
    INPUT_RANGE(
            Event.F_TRANSLATION, "CD.TxSZ", "the address is outside the range that TxSZ gives the tables", "§3.4.1"),
    /** EPDx. */
    WALK_DISABLED(Event.F_TRANSLATION, "CD.EPDx", "EPDx=1 forbids walks through this table base", "§5.4"),
    /** E0PDx. */
    UNPRIVILEGED_NEVER(
            Event.F_TRANSLATION, "CD.E0PDx", "E0PDx=1 keeps unprivileged requests from this table base", "§5.4"),
    /** Descriptor. */
    DESCRIPTOR_INVALID(
            Event.F_TRANSLATION, "descriptor[1:0]", "the descriptor is invalid at its level", "DDI 0487 §D8.3"),
    /** Output size. */
    OUTPUT_ADDRESS_SIZE(
            Event.F_ADDR_SIZE, "descriptor.OutputAddress", "the address in the descriptor is wider than IPS", "§3.4.3"),
    /** Walk. */
    WALK_ABORT(Event.F_WALK_EABT, "descriptor address", "the read of a descriptor got no answer", "§7.3.12"),
    /** AF. */
    ACCESS_FLAG(Event.F_ACCESS, "descriptor.AF", "AF=0, which neither CD.AFFD=1 excuses nor CD.HA=1 repairs", "§3.13"),
    /** Permission. */
    PERMISSION_READ_ONLY(
            Event.F_PERMISSION, "descriptor.AP[2]", "a write where AP[2] or APTable[1] allows none", "DDI 0487 §D8.4"),
    /** Permission. */
    PERMISSION_PRIVILEGED_ONLY(
            Event.F_PERMISSION,
            "descriptor.AP[1]",
            "an unprivileged access where AP[1] or APTable[0] allows none",
            "DDI 0487 §D8.4"),
    /** Permission. */
    PERMISSION_EXECUTE_NEVER(
            Event.F_PERMISSION,
            "descriptor.UXN/PXN",
            "an instruction fetch where UXN, PXN, their table forms, WXN or write permission forbids it",
            "DDI 0487 §D8.4"),
    /** Permission. */
    PERMISSION_PRIVILEGED_NEVER(
            Event.F_PERMISSION, "CD.PAN", "a privileged data access where PAN forbids it", "DDI 0487 §D8.4"),

    /** CMD_RESUME, CMD_STALL_TERM, SMMUEN. */
    STALL_TERMINATED(null, "STAG", "software ended the stalled transaction", "§4.6"),

    /** ATS. */
    ATS_ABSENT(null, "IDR0.ATS", "a request or transaction of ATS where IDR0.ATS=0", "§3.9.1"),
    /** ATS. */
    ATS_REQUEST_REFUSED(
            Event.F_BAD_ATS_TREQ,
            "STE.EATS",
            "a Translation Request while translation is off, or from a stream without ATS",
            "§7.3.6"),
    /** ATS. */
    ATS_TRANSLATED_FORBIDDEN(
            Event.F_TRANSL_FORBIDDEN,
            "STE.EATS",
            "a Translated transaction while translation is off, or from a stream without ATS",
            "§7.3.8"),
    /** ATS. */
    ATS_TRANSLATED_ADDRESS_SIZE(null, "IDR5.OAS", "the Translated address is wider than OAS", "§3.9.1.1"),
    /** ATS. */
    ATS_NO_PERMISSION(
            null, "permissions", "the tables allow none of what the device asks for; no event for an answer", "§3.9.1"),
    /** ATS. */
    STE_ATS(Event.C_BAD_STE, "STE.EATS", "EATS does not go with STE.Config, STE.S2S or IDR0.NS1ATS", "§5.2"),

    /** Stage 2 input range. */
    STAGE_2_INPUT_RANGE(
            Event.F_TRANSLATION, "STE.S2T0SZ", "the IPA is outside the range that S2T0SZ gives the tables", "§3.4.1"),
    /** Stage 2 permission. */
    STAGE_2_PERMISSION(
            Event.F_PERMISSION,
            "descriptor.S2AP/XN",
            "an access that the stage 2 leaf does not allow",
            "DDI 0487 §D8.4"),
    /** Stage 2 protected walk. */
    STAGE_2_PROTECTED_WALK(
            Event.F_PERMISSION,
            "STE.S2PTW",
            "a table or CD in what stage 2 maps as Device memory, where S2PTW=1",
            "§5.2");

    private final @Nullable Event event;
    private final String field;
    private final String text;
    private final String section;

    SmmuRule(@Nullable Event event, String field, String text, String section) {
        this.event = event;
        this.field = field;
        this.text = text;
        this.section = section.startsWith("§") ? "IHI 0070 " + section : section;
    }

    /** The event that is recorded, or null if the refusal is silent. */
    public @Nullable Event event() {
        return event;
    }

    @Override
    public String field() {
        return field;
    }

    @Override
    public String text() {
        return text;
    }

    @Override
    public String section() {
        return section;
    }
}
