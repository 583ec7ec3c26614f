// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.Locale;

/** Which streams share a link. */
public enum LinkSharing {
    /** All of them. */
    ALL,
    /** Those of a device: stream ids that differ in the function number only. */
    DEVICE,
    /** Each has its own. */
    STREAM;

    private static final int FUNCTION_BITS = 3;

    /** What stands for the link of a stream. */
    public int linkOf(int streamId) {
        return switch (this) {
            case ALL -> 0;
            case DEVICE -> streamId >>> FUNCTION_BITS;
            case STREAM -> streamId;
        };
    }

    /** What sets a link, by {@link #linkOf}, apart from others in reports. */
    public String suffix(int link) {
        return switch (this) {
            case ALL -> "";
            case DEVICE -> " 0x" + Integer.toHexString(link << FUNCTION_BITS);
            case STREAM -> " 0x" + Integer.toHexString(link);
        };
    }

    /** The one with a name in lower case. */
    public static LinkSharing parse(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }
}
