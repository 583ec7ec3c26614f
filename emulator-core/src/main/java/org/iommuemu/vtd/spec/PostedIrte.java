// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** An interrupt remapping table entry of the posted format, IM=1 (VT-d architecture 9.10). */
public final class PostedIrte {
    private static final Layout.Builder B =
            Layout.builder("posted IRTE", Irte.WORDS, "VT-d 9.10").with(Irte.P, Irte.FPD, Irte.IM);
    /** For software. */
    public static final BitField AVAIL = B.field("AVAIL", 11, 8);
    /** Urgent: notified even while SN is set. */
    public static final BitField URG = B.bit("URG", 14);
    /** Virtual vector. */
    public static final BitField VV = B.field("VV", 23, 16);
    /** Address of the posted-interrupt descriptor, bits 31:6. */
    public static final BitField PDA_LOW = B.field("PDA[31:6]", 63, 38);
    /** Address of the posted-interrupt descriptor, bits 63:32. */
    public static final BitField PDA_HIGH = B.field("PDA[63:32]", 127, 96);
    /** The whole of it. */
    public static final Layout LAYOUT = B.with(Irte.SID, Irte.SQ, Irte.SVT).build();

    private PostedIrte() {}

    /** Physical address of the descriptor that an entry names. */
    public static long descriptor(long word0, long word1) {
        return PDA_HIGH.get(word1) << 32 | PDA_LOW.get(word0) << 6;
    }
}
