// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import java.util.Set;

/** Why a request ends: a fault reason (fact sheet 11). */
final class ReferenceFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Column Q of the table. */
    private static final Set<Integer> NOT_QUALIFIED = Set.of(
            0x1, 0x8, 0x9, 0xA, 0x30, 0x31, 0x32, 0x33, 0x34, 0x38, 0x39, 0x3A, 0x40, 0x50, 0x58, 0x20, 0x21, 0x23,
            0x25, 0x29, 0x2A, 0x2B);
    /** Column T where it says CA. */
    private static final Set<Integer> COMPLETER_ABORT = Set.of(
            0x3, 0x7, 0x8, 0x9, 0xA, 0xB, 0xC, 0xE, 0x30, 0x38, 0x3A, 0x40, 0x42, 0x43, 0x50, 0x52, 0x58, 0x5A, 0x5B,
            0x78, 0x7A, 0x7B, 0x7C, 0x7D, 0x87);
    /** Column T where it says UR. */
    private static final Set<Integer> UNSUPPORTED =
            Set.of(0x1, 0x2, 0xD, 0x31, 0x33, 0x34, 0x39, 0x41, 0x44, 0x45, 0x46, 0x48, 0x89);

    final int reason;

    ReferenceFault(int reason) {
        super(Integer.toHexString(reason), null, false, false);
        this.reason = reason;
    }

    /** Whether FPD keeps it from being recorded. */
    boolean isQualified() {
        return !NOT_QUALIFIED.contains(reason);
    }

    /** How a Translation Request ends. */
    ReferenceAnswer.Status completion() {
        return COMPLETER_ABORT.contains(reason)
                ? ReferenceAnswer.Status.CA
                : UNSUPPORTED.contains(reason) ? ReferenceAnswer.Status.UR : ReferenceAnswer.Status.SUCCESS;
    }
}
