// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

/** Keeps what is not well formed from being written. */
final class RecordCheck {
    private long latest;

    void check(DmaRecord r) {
        RecordRules.Flaw flaw = RecordRules.flaw(r, latest);
        if (flaw != null) {
            throw new IllegalArgumentException(flaw.problem() + ", expected " + flaw.expected());
        }
        latest = r.time;
    }
}
