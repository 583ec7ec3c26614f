// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** A legacy context entry (VT-d architecture 9.3). */
public final class ContextEntry {
    /** Size in bytes. */
    public static final int BYTES = 16;
    /** Size in 64-bit words. */
    public static final int WORDS = 2;

    /** {@link #TT}: untranslated requests only. */
    public static final int TT_UNTRANSLATED = 0;
    /** {@link #TT}: with ATS. */
    public static final int TT_ATS = 1;
    /** {@link #TT}: pass-through. */
    public static final int TT_PASS_THROUGH = 2;

    private static final Layout.Builder B = Layout.builder("context entry", WORDS, "VT-d 9.3");
    /** Present. */
    public static final BitField P = B.bit("P", 0);
    /** Fault processing disable. */
    public static final BitField FPD = B.bit("FPD", 1);
    /** Translation type. */
    public static final BitField TT = B.field(
            "TT", 3, 2, "untranslated only", "untranslated, translation and translated", "pass-through", "reserved");
    /** Second-stage tables. */
    public static final BitField SSPTPTR = B.address("SSPTPTR", 63, 12);
    /** Address width. */
    public static final BitField AW = B.field("AW", 66, 64, "reserved", "39 bits", "48 bits", "57 bits");
    /** Software. */
    public static final BitField IGNORED = B.field("IGN", 70, 67);
    /** Domain id. */
    public static final BitField DID = B.field("DID", 87, 72);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private ContextEntry() {}
}
