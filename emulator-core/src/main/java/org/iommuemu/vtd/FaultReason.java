// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.Rule;
import org.jspecify.annotations.Nullable;

/**
 * The fault reasons of VT-d (VT-d architecture 7.1.3): the code, whether FPD suppresses it, and how ATS requests end by it.
 */
public enum FaultReason implements Rule {
    /** P=0. */
    ROOT_NOT_PRESENT(0x1, false, Answer.UR, "root entry", "P=0"),
    /** P=0. */
    CONTEXT_NOT_PRESENT(0x2, true, Answer.UR, "context entry", "P=0"),
    /** AW or TT names what the unit does not have, or the top second-stage entry could not be fetched. */
    CONTEXT_PROGRAMMING(
            0x3,
            true,
            Answer.CA,
            "context entry",
            "AW or TT names what the unit does not have, or the top second-stage entry could not be fetched"),
    /** The address is wider than MGAW or AW, or than the host's. */
    ADDRESS_WIDTH(0x4, true, Answer.S0, "address", "the address is wider than MGAW or AW, or than the host's"),
    /** A write where a second-stage entry allows none. */
    NO_WRITE(0x5, true, Answer.SP, "second-stage W", "a write where a second-stage entry allows none"),
    /** A read where a second-stage entry allows none. */
    NO_READ(0x6, true, Answer.SP, "second-stage R", "a read where a second-stage entry allows none"),
    /** The read of a second-stage entry below the top got no answer. */
    SECOND_STAGE_FETCH(
            0x7, true, Answer.CA, "second-stage entry", "the read of a second-stage entry below the top got no answer"),
    /** The read of the root entry got no answer. */
    ROOT_FETCH(0x8, false, Answer.CA, "root entry", "the read of the root entry got no answer"),
    /** The read of the context entry got no answer. */
    CONTEXT_FETCH(0x9, false, Answer.CA, "context entry", "the read of the context entry got no answer"),
    /** A reserved bit is set. */
    ROOT_RESERVED(0xA, false, Answer.CA, "root entry", "a reserved bit is set"),
    /** A reserved bit is set. */
    CONTEXT_RESERVED(0xB, true, Answer.CA, "context entry", "a reserved bit is set"),
    /** A reserved bit is set. */
    SECOND_STAGE_RESERVED(0xC, true, Answer.CA, "second-stage entry", "a reserved bit is set"),
    /** TT does not allow ATS. */
    ATS_BLOCKED(0xD, true, Answer.UR, "context entry TT", "TT does not allow ATS"),
    /** The translated address lies in the interrupt window. */
    INTERRUPT_OUTPUT(0xE, true, Answer.CA, "second-stage ADDR", "the translated address lies in the interrupt window"),
    /** A reserved bit is set. */
    IRTE_REQUEST_RESERVED(0x20, false, null, "interrupt request", "a reserved bit is set"),
    /** The index is beyond the table. */
    IRTE_INDEX(0x21, false, null, "interrupt index", "the index is beyond the table"),
    /** P=0. */
    IRTE_NOT_PRESENT(0x22, true, null, "IRTE.P", "P=0"),
    /** The read of the entry got no answer. */
    IRTE_FETCH(0x23, false, null, "IRTE", "the read of the entry got no answer"),
    /** A reserved bit is set. */
    IRTE_RESERVED(0x24, true, null, "IRTE", "a reserved bit is set"),
    /** Compatibility format is blocked. */
    COMPATIBILITY_BLOCKED(0x25, false, null, "GSTS.CFIS", "compatibility format is blocked"),
    /** The source is not the one that the entry allows. */
    IRTE_SOURCE(0x26, true, null, "IRTE.SID", "the source is not the one that the entry allows"),
    /** The access to the descriptor got no answer. */
    POSTED_ACCESS(0x27, true, null, "posted interrupt descriptor", "the access to the descriptor got no answer"),
    /** A reserved bit is set. */
    POSTED_RESERVED(0x28, true, null, "posted interrupt descriptor", "a reserved bit is set"),
    /** An access to the interrupt window that is no interrupt. */
    INTERRUPT_WINDOW(0x29, false, null, "address", "an access to the interrupt window that is no interrupt"),
    /** EIME=0 where x2APIC format is mandatory. */
    X2APIC_MANDATORY(0x2A, false, null, "IRTA.EIME", "EIME=0 where x2APIC format is mandatory"),
    /** Interrupts are blocked while remapping is off. */
    INTERRUPTS_BLOCKED(0x2B, false, null, "GSTS.IRES", "interrupts are blocked while remapping is off"),
    /** The translation table mode is reserved or not supported. */
    ROOT_MODE(0x30, false, Answer.CA, "RTADDR.TTM", "the translation table mode is reserved or not supported"),
    /** A request with PASID in legacy mode. */
    LEGACY_PASID(0x31, false, Answer.UR, "RTADDR.TTM", "a request with PASID in legacy mode"),
    /** A page request in legacy mode. */
    LEGACY_PAGE_REQUEST(0x32, false, null, "RTADDR.TTM", "a page request in legacy mode"),
    /** Abort-DMA mode. */
    ABORT_DMA(0x33, false, Answer.UR, "RTADDR.TTM", "abort-DMA mode"),
    /** Execute is requested, which the unit does not have. */
    EXECUTE_REQUESTED(0x34, false, Answer.UR, "request", "execute is requested, which the unit does not have"),
    /** The read of the root entry got no answer. */
    SM_ROOT_FETCH(0x38, false, Answer.CA, "root entry", "the read of the root entry got no answer"),
    /** LP=0 or UP=0. */
    SM_ROOT_NOT_PRESENT(0x39, false, Answer.UR, "root entry", "LP=0 or UP=0"),
    /** A reserved bit is set. */
    SM_ROOT_RESERVED(0x3A, false, Answer.CA, "root entry", "a reserved bit is set"),
    /** The read of the context entry got no answer. */
    SM_CONTEXT_FETCH(0x40, false, Answer.CA, "context entry", "the read of the context entry got no answer"),
    /** P=0. */
    SM_CONTEXT_NOT_PRESENT(0x41, true, Answer.UR, "context entry", "P=0"),
    /** A reserved bit is set. */
    SM_CONTEXT_RESERVED(0x42, true, Answer.CA, "context entry", "a reserved bit is set"),
    /** PRE without DTE, RID_PASID beyond the directory, or EPTR without PASIDE. */
    SM_CONTEXT_PROGRAMMING(
            0x43,
            true,
            Answer.CA,
            "context entry",
            "PRE without DTE, RID_PASID beyond the directory, or EPTR without PASIDE"),
    /** DTE=0 forbids ATS. */
    SM_DEVICE_TLB_DISABLED(0x44, true, Answer.UR, "context entry DTE", "DTE=0 forbids ATS"),
    /** PASIDE=0 forbids requests with PASID. */
    SM_PASID_DISABLED(0x45, true, Answer.UR, "context entry PASIDE", "PASIDE=0 forbids requests with PASID"),
    /** The PASID is beyond the directory. */
    SM_PASID_RANGE(0x46, true, Answer.UR, "context entry PDTS", "the PASID is beyond the directory"),
    /** PRE=0 forbids page requests. */
    SM_PAGE_REQUEST_DISABLED(0x47, true, null, "context entry PRE", "PRE=0 forbids page requests"),
    /** The PASID is that of requests without one. */
    SM_RID_PASID(0x48, true, Answer.UR, "context entry RID_PASID", "the PASID is that of requests without one"),
    /** EPTR=0 forbids a PASID on translated requests. */
    SM_TRANSLATED_PASID(0x49, true, null, "context entry EPTR", "EPTR=0 forbids a PASID on translated requests"),
    /** The read of the directory entry got no answer. */
    SM_DIRECTORY_FETCH(0x50, false, Answer.CA, "PASID directory", "the read of the directory entry got no answer"),
    /** P=0. */
    SM_DIRECTORY_NOT_PRESENT(0x51, true, Answer.S0, "PASID directory", "P=0"),
    /** A reserved bit is set. */
    SM_DIRECTORY_RESERVED(0x52, true, Answer.CA, "PASID directory", "a reserved bit is set"),
    /** The read of the PASID entry got no answer. */
    SM_PASID_FETCH(0x58, false, Answer.CA, "PASID entry", "the read of the PASID entry got no answer"),
    /** P=0. */
    SM_PASID_NOT_PRESENT(0x59, true, Answer.S0, "PASID entry", "P=0"),
    /** A bit is set that is reserved, or whose feature the unit lacks. */
    SM_PASID_RESERVED(
            0x5A, true, Answer.CA, "PASID entry", "a bit is set that is reserved, or whose feature the unit lacks"),
    /** AW, PGTT, FSPM or FSPTPTR names what the unit does not have. */
    SM_PASID_PROGRAMMING(
            0x5B, true, Answer.CA, "PASID entry", "AW, PGTT, FSPM or FSPTPTR names what the unit does not have"),
    /** Execute is requested, which ECAP.ERS=0 lacks. */
    SM_EXECUTE(0x5C, true, Answer.S0, "request", "execute is requested, which ECAP.ERS=0 lacks"),
    /** A supervisor request where SRE=0. */
    SM_SUPERVISOR(0x5D, true, Answer.S0, "PASID entry SRE", "a supervisor request where SRE=0"),
    /** The read of a first-stage entry below the top got no answer. */
    SM_FIRST_STAGE_FETCH(
            0x70, true, Answer.S0, "first-stage entry", "the read of a first-stage entry below the top got no answer"),
    /** P=0. */
    SM_FIRST_STAGE_NOT_PRESENT(0x71, true, Answer.S0, "first-stage P", "P=0"),
    /** A reserved bit is set. */
    SM_FIRST_STAGE_RESERVED(0x72, true, Answer.S0, "first-stage entry", "a reserved bit is set"),
    /** The read of the top first-stage entry got no answer. */
    SM_FIRST_STAGE_TOP_FETCH(
            0x73, true, Answer.S0, "first-stage entry", "the read of the top first-stage entry got no answer"),
    /** A guest address is wider than MGAW or AW. */
    SM_NESTED_ADDRESS_WIDTH(0x74, true, Answer.S0, "first-stage ADDR", "a guest address is wider than MGAW or AW"),
    /** The second stage does not let the top first-stage entry be read. */
    SM_NESTED_TOP_READ(
            0x75, true, Answer.S0, "second-stage R", "the second stage does not let the top first-stage entry be read"),
    /** The second stage does not let a first-stage entry be read. */
    SM_NESTED_READ(
            0x76, true, Answer.S0, "second-stage R", "the second stage does not let a first-stage entry be read"),
    /** The second stage does not let a first-stage entry be marked. */
    SM_NESTED_WRITE(
            0x77, true, Answer.S0, "second-stage W", "the second stage does not let a first-stage entry be marked"),
    /** The read of a second-stage entry below the top got no answer. */
    SM_SECOND_STAGE_FETCH(
            0x78,
            true,
            Answer.CA,
            "second-stage entry",
            "the read of a second-stage entry below the top got no answer"),
    /** Neither reads nor writes are allowed. */
    SM_SECOND_STAGE_NOT_PRESENT(0x79, true, Answer.S0, "second-stage R/W", "neither reads nor writes are allowed"),
    /** A reserved bit is set. */
    SM_SECOND_STAGE_RESERVED(0x7A, true, Answer.CA, "second-stage entry", "a reserved bit is set"),
    /** The read of the top second-stage entry got no answer. */
    SM_SECOND_STAGE_TOP_FETCH(
            0x7B, true, Answer.CA, "second-stage entry", "the read of the top second-stage entry got no answer"),
    /** A bit is to be set where walks are not snooped. */
    SM_SECOND_STAGE_UPDATE(
            0x7C, true, Answer.CA, "PASID entry PWSNP", "A or D is to be set, and walks are not snooped"),
    /** The address is not canonical. */
    SM_NOT_CANONICAL(0x80, true, Answer.S0, "address", "the address is not canonical"),
    /** A user request where an entry is for supervisors. */
    SM_USER(0x81, true, Answer.S0, "first-stage U/S", "a user request where an entry is for supervisors"),
    /** The address is wider than the host's. */
    SM_ADDRESS_WIDTH(0x83, true, Answer.S0, "address", "the address is wider than the host's"),
    /** The address is wider than MGAW or AW. */
    SM_SECOND_STAGE_WIDTH(0x84, true, Answer.S0, "address", "the address is wider than MGAW or AW"),
    /** A write that one of the stages does not allow. */
    SM_NO_WRITE(0x85, true, Answer.SP, "R/W or W", "a write that one of the stages does not allow"),
    /** A read that the second stage does not allow. */
    SM_NO_READ(0x86, true, Answer.SP, "R", "a read that the second stage does not allow"),
    /** The translated address lies in the interrupt window. */
    SM_INTERRUPT_OUTPUT(0x87, true, Answer.CA, "ADDR", "the translated address lies in the interrupt window"),
    /** The PASID is wider than ECAP.PSS. */
    SM_PASID_WIDTH(0x89, true, Answer.UR, "PASID", "the PASID is wider than ECAP.PSS"),
    /** A bit is to be set where walks are not snooped. */
    SM_FIRST_STAGE_UPDATE(
            0x90, true, Answer.S0, "PASID entry PWSNP", "A, EA or D is to be set, and walks are not snooped"),
    /** The address is beyond HPTSZ. */
    HPT_RANGE(0x60, true, null, "PASID entry HPTSZ", "the address is beyond the host permission table"),
    /** The read of an entry below the top got no answer. */
    HPT_FETCH(0xA0, true, null, "host permission table", "the read of a lower entry got no answer"),
    /** A reserved bit is set. */
    HPT_RESERVED(0xA1, true, null, "host permission table", "a reserved bit is set"),
    /** The read of a top entry got no answer. */
    HPT_TOP_FETCH(0xA2, true, null, "host permission table", "the read of the top entry got no answer"),
    /** A write that the host permissions do not allow. */
    HPT_NO_WRITE(0xA4, true, null, "host permission table W", "a write where the table allows none"),
    /** A read that the host permissions do not allow. */
    HPT_NO_READ(0xA5, true, null, "host permission table R", "a read where the table allows none");

    /** How an ATS request ends. */
    public enum Answer {
        /** Unsupported Request. */
        UR,
        /** Completer Abort. */
        CA,
        /** Success without permissions. */
        S0,
        /** Success with the permissions that there are. */
        SP
    }

    private final int code;
    private final boolean qualified;
    private final @Nullable Answer translation;
    private final String field;
    private final String text;

    FaultReason(int code, boolean qualified, @Nullable Answer translation, String field, String text) {
        this.code = code;
        this.qualified = qualified;
        this.translation = translation;
        this.field = field;
        this.text = text;
    }

    /** The reason of a code, or null if it is reserved or not known. */
    public static @Nullable FaultReason of(int code) {
        for (FaultReason reason : values()) {
            if (reason.code == code) {
                return reason;
            }
        }
        return null;
    }

    /** The code in a fault record. */
    public int code() {
        return code;
    }

    /** Whether FPD in an entry on the way suppresses the record. */
    public boolean isQualified() {
        return qualified;
    }

    /** Whether it is of the mode, or of a root, context or PASID entry: no table was walked. */
    public boolean isOfConfiguration() {
        boolean legacy = code <= CONTEXT_PROGRAMMING.code || code >= ROOT_FETCH.code && code <= CONTEXT_RESERVED.code;
        return legacy || code >= ROOT_MODE.code && code <= SM_PASID_PROGRAMMING.code;
    }

    /** How a Translation Request ends by it, or null if it cannot. */
    public @Nullable Answer translation() {
        return translation;
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
        return "VT-d 7.1.3";
    }
}
