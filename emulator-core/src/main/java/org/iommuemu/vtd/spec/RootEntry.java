// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** A root table entry of either mode (VT-d architecture 9.1-9.2). */
public final class RootEntry {
    /** Size in bytes. */
    public static final int BYTES = 16;
    /** Size in 64-bit words. */
    public static final int WORDS = 2;

    private static final Layout.Builder B = Layout.builder("root entry", WORDS, "VT-d 9.1");
    /** Present; the lower half in scalable mode. */
    public static final BitField P = B.bit("P/LP", 0);
    /** Context table; of devices 0 to 15 in scalable mode. */
    public static final BitField CTP = B.address("CTP/LCTP", 63, 12);
    /** Scalable: upper half present. */
    public static final BitField UP = B.bit("UP", 64);
    /** Scalable: context table of devices 16 to 31. */
    public static final BitField UCTP = B.address("UCTP", 127, 76);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private RootEntry() {}
}
