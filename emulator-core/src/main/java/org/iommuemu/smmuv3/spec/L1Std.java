// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** Level 1 stream table descriptor: 64 bits (IHI 0070 §5.1). */
public final class L1Std {
    /** Size in bytes. */
    public static final int BYTES = 8;

    private static final Layout.Builder B = Layout.builder("L1STD", 1, "IHI 0070 §5.1");
    /** 2^(Span-1) STEs; 0 is invalid. */
    public static final BitField SPAN = B.field("Span", 4, 0, "invalid");
    /** The level 2 array. */
    public static final BitField L2_PTR = B.address("L2Ptr", 55, 6);
    /** The whole descriptor. */
    public static final Layout LAYOUT = B.build();

    private L1Std() {}
}
