// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

/** Why a transaction ends: an event with what is peculiar to it (fact sheet 6.1). */
final class ReferenceFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    static final int BAD_STREAMID = 0x2;
    static final int STE_FETCH = 0x3;
    static final int BAD_STE = 0x4;
    static final int BAD_ATS_TREQ = 0x5;
    static final int STREAM_DISABLED = 0x6;
    static final int TRANSL_FORBIDDEN = 0x7;
    static final int BAD_SUBSTREAMID = 0x8;
    static final int CD_FETCH = 0x9;
    static final int BAD_CD = 0xA;
    static final int WALK_EABT = 0xB;
    static final int TRANSLATION = 0x10;
    static final int ADDR_SIZE = 0x11;
    static final int ACCESS = 0x12;
    static final int PERMISSION = 0x13;

    /** Values of CLASS. */
    static final int CD = 0;

    static final int TT = 1;
    static final int IN = 2;

    final int event;
    boolean second;
    int cause;
    long ipa;
    long fetched;
    /** TTRnW. */
    boolean tableRead;
    /** F_PERMISSION of an atomic for want of read permission alone. */
    boolean readMissing;
    /** F_ADDR_SIZE of a stage 1 that is bypassed. */
    boolean bypassed;

    private ReferenceFault(int event) {
        super(Integer.toHexString(event), null, false, false);
        this.event = event;
    }

    /** An event that tells nothing but who. */
    static ReferenceFault of(int event) {
        return new ReferenceFault(event);
    }

    /** A structure at a physical address could not be fetched. */
    static ReferenceFault fetch(int event, long address) {
        ReferenceFault f = new ReferenceFault(event);
        f.fetched = address;
        return f;
    }

    /** A fault of stage 1, or of its being bypassed. */
    static ReferenceFault first(int event) {
        ReferenceFault f = new ReferenceFault(event);
        f.cause = IN;
        return f;
    }

    /** Section 4.1: the address does not fit where stage 1 is bypassed. */
    static ReferenceFault outOfRange() {
        ReferenceFault f = first(ADDR_SIZE);
        f.bypassed = true;
        return f;
    }

    /** A fault of stage 2. */
    static ReferenceFault second(int event, int cause, long ipa) {
        ReferenceFault f = new ReferenceFault(event);
        f.second = true;
        f.cause = cause;
        f.ipa = ipa;
        return f;
    }

    /** A descriptor could not be read. */
    static ReferenceFault walk(boolean second, int cause, long address) {
        ReferenceFault f = fetch(WALK_EABT, address);
        f.second = second;
        f.cause = second ? cause : TT;
        return f;
    }

    /** Whether A, R and S apply (section 3.5). */
    boolean isTranslation() {
        return event >= TRANSLATION && event <= PERMISSION;
    }
}
