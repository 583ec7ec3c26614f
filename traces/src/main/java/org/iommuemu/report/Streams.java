// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import org.iommuemu.measure.StreamFigures;
import org.iommuemu.pcie.RequesterId;

/** Names of streams. */
public final class Streams {
    private static final int REQUESTER_ID_BITS = 16;

    private Streams() {}

    /** The number of a stream, with the function that it belongs to where one can. */
    public static String text(long stream) {
        if (stream == StreamFigures.OTHERS) {
            return "others";
        }
        String function = stream >>> REQUESTER_ID_BITS == 0 ? " (" + RequesterId.of((int) stream) + ")" : "";
        return "0x" + Long.toHexString(stream) + function;
    }
}
