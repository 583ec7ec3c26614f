// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import java.util.Locale;
import org.iommuemu.iommu.LintRule;

/** What the lint of an SMMUv3 looks for. What the machine reports by an event or an error is not among them. */
public enum SmmuLintRule implements LintRule {
    /** Table. */
    STRTAB_BASE_ALIGNMENT(
            "STRTAB_BASE.ADDR", "the stream table is not aligned to its size; low address bits are ignored", "§6.3.23"),
    /** Table. */
    STRTAB_LOG2SIZE("STRTAB_BASE_CFG.LOG2SIZE", "LOG2SIZE is larger than IDR1.SIDSIZE, which caps it", "§6.3.24"),
    /** Table. */
    STRTAB_FMT_RESERVED("STRTAB_BASE_CFG.FMT", "FMT is reserved and acts as linear", "§6.3.24"),
    /** Table. */
    STRTAB_SPLIT_RESERVED("STRTAB_BASE_CFG.SPLIT", "SPLIT is not 6, 8 or 10 and acts as 6", "§6.3.24"),
    /** Queues. */
    QUEUE_BASE_ALIGNMENT(
            "*Q_BASE.ADDR", "the queue is not aligned to its size; low address bits are ignored", "§6.3.25"),
    /** Queues. */
    QUEUE_LOG2SIZE(
            "*Q_BASE.LOG2SIZE", "LOG2SIZE is larger than IDR1.CMDQS, EVENTQS or PRIQS, which caps it", "§6.3.25"),
    /** Queues. */
    QUEUE_OVERLAP("*_BASE.ADDR", "a queue overlaps another queue or the stream table", "§3.5"),
    /** Queues. */
    QUEUE_INDEX_INCONSISTENT("*Q_PROD/CONS", "the indexes say that the queue holds more than it can", "§3.5"),
    /** Queues. */
    CMDQ_PROD_BACKWARDS("CMDQ_PROD.WR", "PROD was moved back: producers out of order, or beyond full", "§3.5.1"),
    /** Registers. */
    GUARDED_WRITE("CR0, IRQ_CTRL", "a change that is ignored, as the register's enable is still set", "§6.3"),
    /** Registers. */
    UPDATE_NOT_POLLED(
            "CR0ACK, IRQ_CTRLACK, GBPA.Update", "changed again before the last update was seen to end", "§6.3"),
    /** Registers. */
    GBPA_WITHOUT_UPDATE("GBPA.Update", "a write without Update=1 is ignored", "§6.3.14"),
    /** Registers. */
    GBPA_OVERRIDE_RESERVED("GBPA.PRIVCFG/INSTCFG", "0b01 is reserved and acts as 'use incoming'", "§6.3.14"),
    /** Registers. */
    CR0_VMW_RESERVED("CR0.VMW", "VMW is larger than 4 and acts as 0", "§6.3.9"),
    /** Registers. */
    CR1_ATTRIBUTE_RESERVED("CR1", "a reserved cacheability (0b11) or shareability (0b01), which acts as 0", "§6.3.11"),
    /** Registers. */
    GERRORN_INACTIVE("GERRORN", "an error that is not active is toggled, which makes it look active", "§6.3.19"),
    /** Registers. */
    MSI_ADDRESS_ALIGNMENT(
            "*_IRQ_CFG0.ADDR", "the message address is not aligned to 4; its low bits are lost", "§6.3.20"),
    /** Initialisation. */
    INITIAL_CFGI_MISSING("CR0.SMMUEN", "translation is switched on with no CFGI_ALL and SYNC since reset", "§3.11"),
    /** Initialisation. */
    INITIAL_TLBI_MISSING(
            "CR0.SMMUEN", "translation is switched on with no TLBI_NSNH_ALL and SYNC since reset", "§3.11"),
    /** Initialisation. */
    EVENTQ_OFF("CR0.EVENTQEN", "translation is switched on with the event queue off: faults leave no record", "§3.11"),

    /** L1STD. */
    L1STD_POINTER_ALIGNMENT("L1STD.L2Ptr", "the level 2 array is not aligned to its size", "§5.1"),
    /** L1STD. */
    L1STD_RESERVED_BITS("L1STD", "RES0 bits are set", "§5.1"),
    /** STE. */
    STE_RESERVED_BITS("STE", "RES0 bits of a valid STE are set", "§5.2"),
    /** STE. */
    STE_S1FMT_RESERVED("STE.S1Fmt", "0b11 is reserved and acts as linear", "§5.2"),
    /** STE. */
    STE_S1DSS_RESERVED("STE.S1DSS", "0b11 is reserved and acts as 'terminate'", "§5.2"),
    /** STE. */
    STE_SHAREABILITY_RESERVED("STE.S1CSH/S2SH0", "0b01 is reserved and acts as non-shareable", "§5.2"),
    /** STE. */
    STE_OVERRIDE_RESERVED("STE.PRIVCFG/INSTCFG", "0b01 is reserved and acts as 'use incoming'", "§5.2"),
    /** STE. */
    STE_MEM_ATTR_RESERVED("STE.MemAttr", "0b0100, 0b1000 and 0b1100 are reserved and act as Device-nGnRnE", "§5.2"),
    /** STE. */
    STE_EATS_RESERVED("STE.EATS", "0b11 is reserved without IDR3.DPT and acts as 'no ATS'", "§5.2"),
    /** STE. */
    STE_S2HD_WITHOUT_S2HA("STE.S2HD", "S2HD=1 with S2HA=0 acts as off", "§5.2"),
    /** STE. */
    STE_CONTEXT_POINTER_ALIGNMENT("STE.S1ContextPtr", "the table of CDs or L1CDs is not aligned to its size", "§5.2"),
    /** STE. */
    STE_S2TTB_ALIGNMENT("STE.S2TTB", "the stage 2 start table is not aligned to its size", "§5.2"),
    /** L1CD. */
    L1CD_POINTER_ALIGNMENT("L1CD.L2Ptr", "the table of CDs is not aligned to its size", "§5.3"),
    /** L1CD. */
    L1CD_RESERVED_BITS("L1CD", "RES0 bits of a valid L1CD are set", "§5.3"),
    /** CD. */
    CD_RESERVED_BITS("CD", "RES0 bits of a valid CD are set", "§5.4"),
    /** CD. */
    CD_SHAREABILITY_RESERVED("CD.SHx", "0b01 is reserved and acts as non-shareable", "§5.4"),
    /** CD. */
    CD_HD_WITHOUT_HA("CD.HD", "HD=1 with HA=0 acts as off", "§5.4"),
    /** CD. */
    CD_TTB_ALIGNMENT("CD.TTBx", "the start table is not aligned to its size", "§5.4"),
    /** Address spaces. */
    ASID_REUSED(
            "CD.ASID", "other tables than before under the same VMID and ASID, with no TLBI of it between", "§5.4.2"),
    /** Address spaces. */
    VMID_REUSED(
            "STE.S2VMID", "other stage 2 tables than before under the same VMID, with no TLBI of it between", "§5.2.1"),

    /** Invalidation. */
    L1STD_NOT_INVALIDATED("L1STD", "used after a change in memory without CFGI_STE (Leaf=0)", "§4.3.1"),
    /** Invalidation. */
    STE_NOT_INVALIDATED("STE", "used after a change in memory without CFGI_STE", "§4.3.1"),
    /** Invalidation. */
    L1CD_NOT_INVALIDATED("L1CD", "used after a change in memory without CFGI_CD (Leaf=0)", "§4.3.3"),
    /** Invalidation. */
    CD_NOT_INVALIDATED("CD", "used after a change in memory without CFGI_CD", "§4.3.3"),
    /** Invalidation. */
    CFGI_NOT_SYNCED("CMD_SYNC", "a changed structure is used after its CFGI but before a SYNC", "§4.7.3"),
    /** Invalidation. */
    TLBI_NOT_SYNCED("CMD_SYNC", "a changed translation is used after its TLBI but before a SYNC", "§4.7.3"),
    /** Update order. */
    STE_UPDATE_ORDER(
            "STE", "two words of a valid STE changed in use with no CFGI between: a fetch may mix them", "§3.21.3"),
    /** Update order. */
    CD_UPDATE_ORDER(
            "CD", "two words of a valid CD changed in use with no CFGI between: a fetch may mix them", "§3.21.3"),

    /** Commands. */
    COMMAND_RESERVED_BITS("command", "RES0 bits of a command are set", "§4.1"),
    /** Commands. */
    COMMAND_STREAM_RANGE("StreamID, SubstreamID", "wider than SIDSIZE or SSIDSIZE: the command has no effect", "§4.3"),
    /** Commands. */
    TLBI_RANGE_ALIGNMENT("Address", "a range that is not aligned to what TG and TTL name is unpredictable", "§4.4.1"),
    /** Commands. */
    TLBI_RANGE_IGNORED("NUM, SCALE, TTL", "TG=0 means no range: NUM, SCALE and TTL are ignored", "§4.4.1"),

    /** Descriptors. */
    DESCRIPTOR_TYPE_RESERVED("descriptor[1:0]", "0b01 is reserved at this level and acts as invalid", "DDI 0487 §D8.3"),
    /** Descriptors. */
    DESCRIPTOR_RESERVED_BITS("descriptor", "RES0 bits are set", "DDI 0487 §D8.3"),
    /** Descriptors. */
    DESCRIPTOR_SHAREABILITY_RESERVED("descriptor.SH", "0b01 is reserved", "DDI 0487 §D8.6"),
    /** Descriptors. */
    DESCRIPTOR_MEMORY_TYPE_RESERVED("descriptor.MemAttr", "a reserved memory type at stage 2", "DDI 0487 §D8.6"),
    /** Descriptors. */
    CONTIGUOUS_INCONSISTENT(
            "descriptor.Contiguous",
            "the entries of a contiguous run do not all continue one another",
            "DDI 0487 §D8.7");

    private final String field;
    private final String text;
    private final String section;

    SmmuLintRule(String field, String text, String section) {
        this.field = field;
        this.text = text;
        this.section = section.startsWith("§") ? "IHI 0070 " + section : section;
    }

    @Override
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
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
