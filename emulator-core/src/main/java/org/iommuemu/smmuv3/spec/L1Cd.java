// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** Level 1 context descriptor: 64 bits (IHI 0070 §5.3). */
public final class L1Cd {
    /** Size in bytes. */
    public static final int BYTES = 8;

    private static final Layout.Builder B = Layout.builder("L1CD", 1, "IHI 0070 §5.3");
    /** Valid. */
    public static final BitField V = B.bit("V", 0);
    /** The level 2 table of CDs. */
    public static final BitField L2_PTR = B.address("L2Ptr", 55, 12);
    /** The whole descriptor. */
    public static final Layout LAYOUT = B.build();

    private L1Cd() {}
}
