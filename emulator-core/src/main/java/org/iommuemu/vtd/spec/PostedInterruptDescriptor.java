// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** A posted-interrupt descriptor: what is pending for a virtual processor, and how it is told (VT-d architecture 9.11). */
public final class PostedInterruptDescriptor {
    /** Size in bytes, and alignment. */
    public static final int BYTES = 64;
    /** Size in 64-bit words. */
    public static final int WORDS = 8;
    /** Words of posted-interrupt requests, a bit for each vector; what follows is control. */
    public static final int PIR_WORDS = 4;

    private static final Layout.Builder B = Layout.builder("posted-interrupt descriptor", WORDS, "VT-d 9.11");
    /** Requests of vectors 0 to 63. */
    public static final BitField PIR_0 = B.field("PIR[63:0]", 63, 0);
    /** Requests of vectors 64 to 127. */
    public static final BitField PIR_1 = B.field("PIR[127:64]", 127, 64);
    /** Requests of vectors 128 to 191. */
    public static final BitField PIR_2 = B.field("PIR[191:128]", 191, 128);
    /** Requests of vectors 192 to 255. */
    public static final BitField PIR_3 = B.field("PIR[255:192]", 255, 192);
    /** Outstanding notification. */
    public static final BitField ON = B.bit("ON", 256);
    /** Suppress notification. */
    public static final BitField SN = B.bit("SN", 257);
    /** Notification vector. */
    public static final BitField NV = B.field("NV", 279, 272);
    /** Notification destination: an APIC id, of 8 bits in 15:8 of the field in xAPIC mode. */
    public static final BitField NDST = B.field("NDST", 319, 288);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private PostedInterruptDescriptor() {}
}
