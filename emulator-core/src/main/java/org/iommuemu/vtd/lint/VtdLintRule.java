// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import java.util.Locale;
import org.iommuemu.iommu.LintRule;

/** What the lint of a VT-d unit looks for. What the unit reports by a fault or a queue error is not among them. */
public enum VtdLintRule implements LintRule {
    /** Registers. */
    REGISTER_RESERVED_BITS("register", "reserved bits are set", "11.4"),
    /** Registers. */
    GCMD_SEVERAL_CHANGES("GCMD", "one write changes more than one thing", "11.4.4"),
    /** Registers. */
    GCMD_NOT_POLLED("GCMD", "written again before GSTS was read for the change before", "11.4.4"),
    /** Registers. */
    GCMD_WBF_ABSENT("GCMD.WBF", "a write buffer flush, which CAP.RWBF=0 has no use for", "11.4.4"),
    /** Registers. */
    GUARDED_WRITE("IQA", "a change that is ignored, as the queue is enabled", "11.4.9.3"),
    /** Registers. */
    TE_WITHOUT_ROOT("GCMD.TE", "translation is switched on with no root table set (GSTS.RTPS=0)", "11.4.4"),
    /** Registers. */
    IRE_WITHOUT_TABLE("GCMD.IRE", "interrupt remapping is switched on with no table set (GSTS.IRTPS=0)", "11.4.4"),
    /** Registers. */
    ROOT_MODE_RESERVED("RTADDR.TTM", "a mode that is reserved or not there is set: every request is refused", "11.4.5"),
    /** Registers. */
    ROOT_MODE_WHILE_ON("RTADDR.TTM", "the mode is changed while translation is on, without CAP.ESRTPS", "11.4.5"),
    /** Registers. */
    EIME_WHILE_ON("IRTA.EIME", "EIME is changed while interrupt remapping is on", "11.4.10.1"),
    /** Registers. */
    EIME_ABSENT("IRTA.EIME", "EIME=1 without ECAP.EIM", "11.4.10.1"),
    /** Registers. */
    QUEUE_NOT_EMPTY("GCMD.QIE", "the queue is enabled with IQT beyond its start: what lies there is executed", "6.5.2"),
    /** Registers. */
    QUEUE_OFF_WITH_WORK("GCMD.QIE", "the queue is disabled while it holds descriptors", "6.5.2"),
    /** Registers. */
    QUEUE_OVERTAKEN("IQT", "the tail was moved past the head: descriptors are lost", "6.5.2"),
    /** Registers. */
    QUEUE_OVERLAP(
            "IQA, PQA, RTADDR, IRTA", "a queue overlaps another queue, the root table or the interrupt table", "6.5.2"),
    /** Registers. */
    PAGE_QUEUE_INDEX("PQH, PQT", "beyond the size of the page request queue", "11.4.11"),
    /** Registers. */
    REGISTER_INVALIDATION_WITH_QUEUE("CCMD, IOTLB", "an invalidation by register while the queue is enabled", "6.5.1"),
    /** Registers. */
    REGISTER_INVALIDATION_REFUSED(
            "CCMD, IOTLB", "a granularity, mask or mode that is refused: nothing is invalidated", "11.4.6"),
    /** Registers. */
    EVENT_ADDRESS(
            "FEADDR, IEADDR, PEADDR",
            "unmasked, and the message does not go to FEEx_xxxx: it is no interrupt",
            "11.4.7"),
    /** Registers. */
    EVENT_UPPER_ADDRESS(
            "FEUADDR, IEUADDR, PEUADDR", "unmasked with an upper address, which ECAP.EIM=0 has no use for", "11.4.7"),
    /** Registers. */
    PROTECTED_RANGE_WHILE_ON("PLMBASE..PHMLIMIT", "a protected range is changed while protection is on", "11.4.8"),
    /** Registers. */
    PROTECTED_RANGE_OVERLAP(
            "PLMBASE..PHMLIMIT", "protection is switched on with the low and the high range overlapping", "11.4.8"),
    /** Registers. */
    PROTECTED_RANGE_EMPTY(
            "PLMLIMIT, PHMLIMIT",
            "protection is switched on with every limit below its base: nothing is protected",
            "11.4.8"),
    /** Initialisation. */
    SRTP_WITHOUT_CONTEXT_INVALIDATION(
            "GCMD.TE", "no global context-cache invalidation since SRTP, without CAP.ESRTPS", "11.4.4"),
    /** Initialisation. */
    SRTP_WITHOUT_PASID_INVALIDATION(
            "GCMD.TE",
            "no global PASID-cache invalidation after that of contexts since SRTP, without CAP.ESRTPS",
            "11.4.4"),
    /** Initialisation. */
    SRTP_WITHOUT_IOTLB_INVALIDATION(
            "GCMD.TE",
            "no global IOTLB invalidation after those of contexts and PASIDs since SRTP, without CAP.ESRTPS",
            "11.4.4"),
    /** Initialisation. */
    SIRTP_WITHOUT_INVALIDATION(
            "GCMD.IRE", "no global interrupt-entry-cache invalidation since SIRTP, without CAP.ESIRTPS", "11.4.4"),
    /** Entries. */
    ROOT_NOT_INVALIDATED(
            "root entry", "used after a change in memory without global context-cache invalidation", "6.5"),
    /** Entries. */
    CONTEXT_NOT_INVALIDATED("context entry", "used after a change in memory without context-cache invalidation", "6.5"),
    /** Entries. */
    DIRECTORY_NOT_INVALIDATED(
            "PASID directory entry", "used after a change in memory without PASID-cache invalidation", "6.5"),
    /** Entries. */
    PASID_NOT_INVALIDATED("PASID table entry", "used after a change in memory without PASID-cache invalidation", "6.5"),
    /** Entries. */
    IRTE_NOT_INVALIDATED("IRTE", "used after a change in memory without interrupt-entry-cache invalidation", "6.5"),
    /** Entries. */
    INVALIDATION_NOT_WAITED(
            "wait descriptor",
            "a changed entry is used after its invalidation, but before a wait descriptor that tells",
            "6.5.2.8"),
    /** Entries. */
    CONTEXT_IOTLB_NOT_INVALIDATED(
            "context entry", "tables or domain changed, and the IOTLB of the domain before was not invalidated", "6.5"),
    /** Entries. */
    PASID_IOTLB_NOT_INVALIDATED(
            "PASID table entry",
            "tables or domain changed, and the IOTLB of the domain and PASID before was not invalidated",
            "6.5"),
    /** Entries. */
    INVALIDATION_ORDER(
            "context entry, PASID table entry", "the IOTLB was invalidated before the entry that fills it", "6.5"),
    /** Entries. */
    CONTEXT_UPDATE_ORDER(
            "context entry",
            "two words of a present entry changed in use with no invalidation between: a read may mix them",
            "9.3, 9.4"),
    /** Entries. */
    PASID_UPDATE_ORDER(
            "PASID table entry",
            "two words of a present entry changed in use with no invalidation between: a read may mix them",
            "9.6"),
    /** Entries. */
    IRTE_UPDATE_ORDER(
            "IRTE",
            "both words of a present entry changed in use with no invalidation between: a read may mix them",
            "9.9"),
    /** Entries. */
    DOMAIN_ZERO("DID", "domain 0 is reserved while CAP.CM=1", "6.1"),
    /** Entries. */
    DOMAIN_REUSED(
            "DID",
            "other second-stage tables than before under the same domain, with no invalidation of it between",
            "6.2"),
    /** Entries. */
    PASID_REUSED(
            "DID, PASID",
            "other first-stage tables than before under the same domain and PASID, with no invalidation between",
            "6.2"),
    /** Entries. */
    DOMAIN_OF_BOTH_KINDS(
            "DID", "a domain of first-stage or pass-through entries is that of second-stage or nested ones too", "9.6"),
    /** Entries. */
    RID_PASID_IGNORED("RID_PASID", "not 0 without ECAP.RPS: 0 may be used in its place", "9.4"),
    /** Entries. */
    WALK_NOT_SNOOPED(
            "PASID table entry.PWSNP",
            "accessed and dirty bits are to be set by walks that are not snooped, which may be refused (7Ch, 90h)",
            "9.6"),
    /** Descriptors. */
    DESCRIPTOR_DOMAIN_RANGE("DID", "wider than CAP.ND: no such domain", "6.5.2"),
    /** Descriptors. */
    DESCRIPTOR_PASID_RANGE("PASID", "wider than ECAP.PSS: no such PASID", "6.5.2"),
    /** Descriptors. */
    DESCRIPTOR_ADDRESS_IGNORED("AM, IH, ADDR", "set in an invalidation that is not of pages: ignored", "6.5.2"),
    /** Descriptors. */
    DEVICE_TLB_RANGE("S, ADDR", "all ones with S=1 names no size", "6.5.2.5"),
    /** Descriptors. */
    INTERRUPT_INDEX_ALIGNMENT(
            "IIDX",
            "not aligned to the 2^IM entries: the range begins below it, and ends before what was meant",
            "6.5.2.7"),
    /** Descriptors. */
    INTERRUPT_MASK_RANGE("IM", "larger than ECAP.MHMV", "6.5.2.7"),
    /** Descriptors. */
    WAIT_STATUS_ADDRESS("STATUS_ADDR", "where there is no memory, or in the interrupt window", "6.5.2.8"),
    /** Descriptors. */
    DEVICE_TLB_NOT_INVALIDATED(
            "device-TLB invalidation",
            "a device uses a translation that was invalidated in the IOTLB alone, two wait descriptors ago",
            "6.5");

    private final String field;
    private final String text;
    private final String section;

    VtdLintRule(String field, String text, String section) {
        this.field = field;
        this.text = text;
        this.section = "VT-d " + section;
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
