// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** A PASID table entry (VT-d architecture 9.6). */
public final class PasidEntry {
    /** Size in bytes. */
    public static final int BYTES = 64;
    /** Size in 64-bit words. */
    public static final int WORDS = 8;

    /** {@link #PGTT}: first stage. */
    public static final int FIRST_STAGE = 1;
    /** {@link #PGTT}: second stage. */
    public static final int SECOND_STAGE = 2;
    /** {@link #PGTT}: first stage behind which the second lies. */
    public static final int NESTED = 3;
    /** {@link #PGTT}: pass-through. */
    public static final int PASS_THROUGH = 4;

    private static final Layout.Builder B = Layout.builder("PASID table entry", WORDS, "VT-d 9.6");
    /** Present. */
    public static final BitField P = B.bit("P", 0);
    /** Fault processing disable. */
    public static final BitField FPD = B.bit("FPD", 1);
    /** Second-stage address width. */
    public static final BitField AW = B.field("AW", 4, 2, "reserved", "39 bits", "48 bits", "57 bits");
    /** Translation type. */
    public static final BitField PGTT =
            B.field("PGTT", 8, 6, "reserved", "first stage", "second stage", "nested", "pass-through");
    /** Second-stage accessed and dirty. */
    public static final BitField SSADE = B.bit("SSADE", 9);
    /** Second-stage tables. */
    public static final BitField SSPTPTR = B.address("SSPTPTR", 63, 12);
    /** Domain id. */
    public static final BitField DID = B.field("DID", 79, 64);
    /** Snooped walks. */
    public static final BitField PWSNP = B.bit("PWSNP", 87);
    /** Snooped accesses. */
    public static final BitField PGSNP = B.bit("PGSNP", 88);
    /** Cache disable. */
    public static final BitField CD = B.bit("CD", 89);
    /** Extended memory types. */
    public static final BitField EMTE = B.bit("EMTE", 90);
    /** Page attribute table. */
    public static final BitField PAT = B.field("PAT", 127, 96);
    /** Supervisor requests. */
    public static final BitField SRE = B.bit("SRE", 128);
    /** First-stage levels. */
    public static final BitField FSPM = B.field("FSPM", 131, 130, "4-level", "5-level", "reserved", "reserved");
    /** Write protect. */
    public static final BitField WPE = B.bit("WPE", 132);
    /** Ignored. */
    public static final BitField IGNORED = B.field("IGN", 134, 133);
    /** Extended accessed flag. */
    public static final BitField EAFE = B.bit("EAFE", 135);
    /** First-stage tables. */
    public static final BitField FSPTPTR = B.address("FSPTPTR", 191, 140);
    /** Size of the top host permission table: addresses of 49, 50, 51 or 52 bits. */
    public static final BitField HPTSZ = B.field("HPTSZ", 257, 256, "49 bits", "50 bits", "51 bits", "52 bits");
    /** Host permissions are not prefetched. */
    public static final BitField HPTPFD = B.bit("HPTPFD", 258);
    /** Host permission tables. */
    public static final BitField HPTPTR = B.address("HPTPTR", 319, 268);
    /** Domain of host permissions. */
    public static final BitField HPTDID = B.field("HPTDID", 335, 320);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private PasidEntry() {}
}
