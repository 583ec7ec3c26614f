// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import java.util.Arrays;

/**
 * What becomes of a transaction or a Translation Request.
 *
 * @param status OK, ABORT, RAZ_WI, STALL; SUCCESS, UR or CA for a Translation Request
 * @param address where to, or the first address of the page of a completion; 0 if there is none
 * @param shift log2 of the page, or 0 where it is of no matter
 * @param granted R, W and Exe of a completion, in bits 0 to 2
 * @param open those of them that the architecture leaves open
 * @param event four words, or null
 */
record ReferenceAnswer(Status status, long address, int shift, int granted, int open, long[] event) {
    enum Status {
        OK,
        ABORT,
        RAZ_WI,
        STALL,
        SUCCESS,
        UR,
        CA
    }

    static ReferenceAnswer ok(long address, int shift) {
        return new ReferenceAnswer(Status.OK, address, shift, 0, 0, null);
    }

    static ReferenceAnswer end(Status status, long[] event) {
        return new ReferenceAnswer(status, 0, 0, 0, 0, event);
    }

    /** How it ended, without details: status, and the event with its stage and CLASS. */
    String outcome() {
        if (event == null) {
            return status + (status == Status.SUCCESS ? " " + granted : "");
        }
        return String.format(
                "%s %02x S2=%d CLASS=%d", status, event[0] & 0xFF, event[1] >>> 39 & 1, event[1] >>> 40 & 3);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(status.toString());
        if (status == Status.OK || status == Status.SUCCESS) {
            text.append(String.format(" %x/%d", address, shift));
        }
        if (status == Status.SUCCESS) {
            text.append(" rights ").append(granted).append(", open ").append(open);
        }
        if (event != null) {
            text.append(", event");
            Arrays.stream(event).forEach(w -> text.append(String.format(" %016x", w)));
        }
        return text.toString();
    }
}
