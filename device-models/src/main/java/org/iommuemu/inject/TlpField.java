// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.EnumSet;
import java.util.Set;
import org.iommuemu.pcie.TlpKind;

/** A field of TLPs whose bits can flip, by its encoding on the wire (PCIe Base Specification §2.2, §10). */
public enum TlpField {
    /** Data of writes, AtomicOps, MSIs and completions. */
    PAYLOAD(64, EnumSet.of(TlpKind.WRITE, TlpKind.ATOMIC, TlpKind.INTERRUPT, TlpKind.COMPLETION)),
    /** Translations of a Translation Completion. */
    TRANSLATION(64, EnumSet.of(TlpKind.TRANSLATION_COMPLETION)),
    /** ITag of an Invalidate Request. */
    ITAG(5, EnumSet.of(TlpKind.INVALIDATE_REQUEST)),
    /** ITag Vector of an Invalidate Completion. */
    ITAG_VECTOR(32, EnumSet.of(TlpKind.INVALIDATE_COMPLETION)),
    /** Completion Count of an Invalidate Completion; 0 is 8. */
    COMPLETION_COUNT(3, EnumSet.of(TlpKind.INVALIDATE_COMPLETION)),
    /** Page Request Group Index. */
    GROUP(9, EnumSet.of(TlpKind.PAGE_REQUEST, TlpKind.PRG_RESPONSE)),
    /** Response Code of a PRG Response; what is neither 0 nor 1 is Response Failure. */
    RESPONSE_CODE(4, EnumSet.of(TlpKind.PRG_RESPONSE)),
    /** Completion Status; reserved ones are Unsupported Request. */
    STATUS(3, EnumSet.of(TlpKind.COMPLETION, TlpKind.TRANSLATION_COMPLETION)),
    /** Address of a request or an Invalidate or Page Request. */
    ADDRESS(
            64,
            EnumSet.of(
                    TlpKind.WRITE,
                    TlpKind.READ,
                    TlpKind.ATOMIC,
                    TlpKind.INTERRUPT,
                    TlpKind.TRANSLATION_REQUEST,
                    TlpKind.INVALIDATE_REQUEST,
                    TlpKind.PAGE_REQUEST)),
    /** PASID of the prefix, where there is one. */
    PASID(
            20,
            EnumSet.of(
                    TlpKind.WRITE,
                    TlpKind.READ,
                    TlpKind.ATOMIC,
                    TlpKind.TRANSLATION_REQUEST,
                    TlpKind.INVALIDATE_REQUEST,
                    TlpKind.PAGE_REQUEST,
                    TlpKind.PRG_RESPONSE)),
    /** EP: the data are known to be bad. */
    POISON(
            1,
            EnumSet.of(
                    TlpKind.WRITE,
                    TlpKind.ATOMIC,
                    TlpKind.INTERRUPT,
                    TlpKind.COMPLETION,
                    TlpKind.TRANSLATION_COMPLETION));

    private final int width;
    private final Set<TlpKind> kinds;

    TlpField(int width, Set<TlpKind> kinds) {
        this.width = width;
        this.kinds = kinds;
    }

    /** Bits; of words, those of one. */
    int width() {
        return width;
    }

    boolean isIn(TlpKind kind) {
        return kinds.contains(kind);
    }

    /** Which kinds have it. */
    Set<TlpKind> kinds() {
        return EnumSet.copyOf(kinds);
    }
}
