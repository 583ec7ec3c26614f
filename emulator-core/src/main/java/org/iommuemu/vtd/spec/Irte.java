// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** An interrupt remapping table entry (VT-d architecture 9.9-9.10). */
public final class Irte {
    /** Size in bytes. */
    public static final int BYTES = 16;
    /** Size in 64-bit words. */
    public static final int WORDS = 2;

    private static final Layout.Builder B = Layout.builder("IRTE", WORDS, "VT-d 9.9");
    /** Present. */
    public static final BitField P = B.bit("P", 0);
    /** Fault processing disable. */
    public static final BitField FPD = B.bit("FPD", 1);
    /** Destination mode. */
    public static final BitField DM = B.bit("DM", 2);
    /** Redirection hint. */
    public static final BitField RH = B.bit("RH", 3);
    /** Trigger mode. */
    public static final BitField TM = B.bit("TM", 4);
    /** Delivery mode. */
    public static final BitField DLM = B.field("DLM", 7, 5);
    /** Posted. */
    public static final BitField IM = B.bit("IM", 15);
    /** Vector. */
    public static final BitField V = B.field("V", 23, 16);
    /** Destination. */
    public static final BitField DST = B.field("DST", 63, 32);
    /** Source that is allowed. */
    public static final BitField SID = B.field("SID", 79, 64);
    /** Source-id qualifier. */
    public static final BitField SQ = B.field("SQ", 81, 80);
    /** Source validation type. */
    public static final BitField SVT = B.field("SVT", 83, 82);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private Irte() {}
}
