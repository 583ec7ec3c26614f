// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** PRI queue entry: 128 bits (IHI 0070 chapter 8). */
public final class PriEntry {
    /** Size in bytes. */
    public static final int BYTES = 16;

    private static final Layout.Builder B = Layout.builder("PRI queue entry", 2, "IHI 0070 §8");
    /** StreamID. */
    public static final BitField STREAM_ID = B.field("StreamID", 31, 0);
    /** SubstreamID. */
    public static final BitField SUBSTREAM_ID = B.field("SubstreamID", 51, 32);
    /** Privileged. */
    public static final BitField PRIV = B.bit("Priv", 58);
    /** Execute. */
    public static final BitField X = B.bit("X", 59);
    /** Read. */
    public static final BitField R = B.bit("R", 60);
    /** Write. */
    public static final BitField W = B.bit("W", 61);
    /** Last of its group. */
    public static final BitField LAST = B.bit("Last", 62);
    /** SubstreamID valid. */
    public static final BitField SSV = B.bit("SSV", 63);
    /** Index of the page request group. */
    public static final BitField PRG_INDEX = B.field("PRGIndex", 72, 64);
    /** Page. */
    public static final BitField ADDRESS = B.address("Address", 127, 76);
    /** The whole entry. */
    public static final Layout LAYOUT = B.build();

    private PriEntry() {}
}
