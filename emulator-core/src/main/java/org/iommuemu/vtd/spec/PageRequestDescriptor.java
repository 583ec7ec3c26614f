// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** A page request descriptor (VT-d architecture 7.4.1). */
public final class PageRequestDescriptor {
    /** Size in bytes. */
    public static final int BYTES = 32;
    /** Size in 64-bit words. */
    public static final int WORDS = 4;

    private static final Layout.Builder B = Layout.builder("page request descriptor", WORDS, "VT-d 7.4.1");
    /** 1. */
    public static final BitField TYPE = B.field("TYPE", 7, 0);
    /** PASID present. */
    public static final BitField PP = B.bit("PP", 8);
    /** Requester. */
    public static final BitField RID = B.field("RID", 31, 16);
    /** PASID. */
    public static final BitField PASID = B.field("PASID", 51, 32);
    /** Execute requested. */
    public static final BitField EXR = B.bit("EXR", 52);
    /** Privileged mode requested. */
    public static final BitField PMR = B.bit("PMR", 53);
    /** Read requested. */
    public static final BitField RDR = B.bit("RDR", 64);
    /** Write requested. */
    public static final BitField WRR = B.bit("WRR", 65);
    /** Last of its group. */
    public static final BitField LPIG = B.bit("LPIG", 66);
    /** Group. */
    public static final BitField PRGI = B.field("PRGI", 75, 67);
    /** Page. */
    public static final BitField ADDR = B.address("ADDR", 127, 76);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private PageRequestDescriptor() {}
}
