// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** Context descriptor: 512 bits (IHI 0070 §5.4). */
public final class Cd {
    /** Size in bytes. */
    public static final int BYTES = 64;
    /** Size in 64-bit words. */
    public static final int WORDS = 8;

    private static final String[] CACHEABILITY = {"NC", "WB-RA-WA", "WT-RA", "WB-RA"};
    private static final String[] SHAREABILITY = {"NSH", "NSH (reserved)", "OSH", "ISH"};

    private static final Layout.Builder B = Layout.builder("CD", WORDS, "IHI 0070 §5.4");
    /** 64 minus VA bits for TTB0. */
    public static final BitField T0SZ = B.field("T0SZ", 5, 0);
    /** Granule for TTB0. */
    public static final BitField TG0 = B.field("TG0", 7, 6, "4K", "64K", "16K", "reserved");
    /** Inner cacheability of walks. */
    public static final BitField IR0 = B.field("IR0", 9, 8, CACHEABILITY);
    /** Outer cacheability of walks. */
    public static final BitField OR0 = B.field("OR0", 11, 10, CACHEABILITY);
    /** Shareability of walks. */
    public static final BitField SH0 = B.field("SH0", 13, 12, SHAREABILITY);
    /** No walks through TTB0. */
    public static final BitField EPD0 = B.bit("EPD0", 14);
    /** Big-endian tables. */
    public static final BitField ENDI = B.bit("ENDI", 15);
    /** 64 minus VA bits for TTB1. */
    public static final BitField T1SZ = B.field("T1SZ", 21, 16);
    /** Granule for TTB1; coded unlike TG0. */
    public static final BitField TG1 = B.field("TG1", 23, 22, "reserved", "16K", "4K", "64K");
    /** Inner cacheability of walks. */
    public static final BitField IR1 = B.field("IR1", 25, 24, CACHEABILITY);
    /** Outer cacheability of walks. */
    public static final BitField OR1 = B.field("OR1", 27, 26, CACHEABILITY);
    /** Shareability of walks. */
    public static final BitField SH1 = B.field("SH1", 29, 28, SHAREABILITY);
    /** No walks through TTB1. */
    public static final BitField EPD1 = B.bit("EPD1", 30);
    /** Valid. */
    public static final BitField V = B.bit("V", 31);
    /** Output size code. */
    public static final BitField IPS = B.field(
            "IPS", 34, 32, "32 bits", "36 bits", "40 bits", "42 bits", "44 bits", "48 bits", "52 bits", "56 bits");
    /** Access flag fault disable. */
    public static final BitField AFFD = B.bit("AFFD", 35);
    /** Writable implies no execute. */
    public static final BitField WXN = B.bit("WXN", 36);
    /** As WXN for unprivileged writes, LPAE only. */
    public static final BitField UWXN = B.bit("UWXN", 37);
    /** Top byte ignored, TTB0. */
    public static final BitField TBI0 = B.bit("TBI0", 38);
    /** Top byte ignored, TTB1. */
    public static final BitField TBI1 = B.bit("TBI1", 39);
    /** Privileged access never. */
    public static final BitField PAN = B.bit("PAN", 40);
    /** VMSAv8-64. */
    public static final BitField AA64 = B.bit("AA64", 41, "VMSAv8-32 LPAE", "VMSAv8-64");
    /** Dirty update. */
    public static final BitField HD = B.bit("HD", 42);
    /** Access flag update. */
    public static final BitField HA = B.bit("HA", 43);
    /** Stall. */
    public static final BitField S = B.bit("S", 44);
    /** Record. */
    public static final BitField R = B.bit("R", 45);
    /** Abort. */
    public static final BitField A = B.bit("A", 46);
    /** ASID set. */
    public static final BitField ASET = B.bit("ASET", 47, "shared", "not shared");
    /** Address space identifier. */
    public static final BitField ASID = B.field("ASID", 63, 48);
    /** Hierarchical attributes off, TTB0. */
    public static final BitField HAD0 = B.bit("HAD0", 65);
    /** No unprivileged access through TTB0. */
    public static final BitField E0PD0 = B.bit("E0PD0", 66);
    /** Access flag update in table descriptors. */
    public static final BitField HAFT = B.bit("HAFT", 67);
    /** Table base 0. */
    public static final BitField TTB0 = B.address("TTB0", 115, 68);
    /** Enhanced PAN. */
    public static final BitField EPAN = B.bit("EPAN", 123);
    /** Hierarchical attributes off, TTB1. */
    public static final BitField HAD1 = B.bit("HAD1", 129);
    /** No unprivileged access through TTB1. */
    public static final BitField E0PD1 = B.bit("E0PD1", 130);
    /** Table base 1. */
    public static final BitField TTB1 = B.address("TTB1", 179, 132);
    /** 52-bit addresses with 4K and 16K. */
    public static final BitField DS = B.bit("DS", 186);
    /** Memory attributes 0 to 7. */
    public static final BitField MAIR = B.field("MAIR", 255, 192);
    /** Implementation defined attributes. */
    public static final BitField AMAIR = B.field("AMAIR", 319, 256);
    /** The whole descriptor. */
    public static final Layout LAYOUT = B.build();

    private Cd() {}
}
