// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

/**
 * What becomes of a request.
 *
 * @param status OK or ABORT; SUCCESS, UR or CA for a Translation Request
 * @param address where to, or the first address of the page of a completion; 0 if there is none
 * @param shift log2 of the page, or 0 where it is of no matter
 * @param granted R, W and U of a completion, in bits 0 to 2
 * @param snoop the final access is snooped whatever the request says
 * @param reason fault reason, or 0
 * @param record fault record of two words, or null
 */
record ReferenceAnswer(Status status, long address, int shift, int granted, boolean snoop, int reason, long[] record) {
    static final int R = 1;
    static final int W = 2;
    static final int U = 4;

    enum Status {
        OK,
        ABORT,
        SUCCESS,
        UR,
        CA
    }

    static ReferenceAnswer ok(long address, int shift, boolean snoop) {
        return new ReferenceAnswer(Status.OK, address, shift, 0, snoop, 0, null);
    }

    static ReferenceAnswer end(Status status, int reason, long[] record) {
        return new ReferenceAnswer(status, 0, 0, 0, false, reason, record);
    }

    static ReferenceAnswer success(long address, int shift, int granted) {
        return success(address, shift, granted, false);
    }

    static ReferenceAnswer success(long address, int shift, int granted, boolean snoop) {
        return new ReferenceAnswer(Status.SUCCESS, address, shift, granted, snoop, 0, null);
    }

    /** How it ended, without details. */
    String outcome() {
        String how = status + (status == Status.SUCCESS ? " " + granted : "");
        return reason == 0 ? how : how + String.format(" %02x%s", reason, record == null ? " silent" : "");
    }

    @Override
    public String toString() {
        String text = outcome();
        if (status == Status.OK || status == Status.SUCCESS) {
            text += String.format(" %x/%d%s", address, shift, snoop ? " snoop" : "");
        }
        return record == null ? text : text + String.format(", record %016x %016x", record[0], record[1]);
    }
}
