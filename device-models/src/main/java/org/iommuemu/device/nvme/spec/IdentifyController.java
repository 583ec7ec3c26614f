// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** What Identify says of the controller (NVMe 1.4 §5.15.2.2). */
public final class IdentifyController {
    /** Size in 64-bit words. */
    public static final int WORDS = 512;
    /** Serial number: byte offset of 20 characters. */
    public static final int SN = 4;
    /** Length of {@link #SN}. */
    public static final int SN_BYTES = 20;
    /** Model number: byte offset of 40 characters. */
    public static final int MN = 24;
    /** Length of {@link #MN}. */
    public static final int MN_BYTES = 40;
    /** Firmware revision: byte offset of 8 characters. */
    public static final int FR = 64;
    /** Length of {@link #FR}. */
    public static final int FR_BYTES = 8;
    /** NVM subsystem's qualified name: byte offset of 256 characters, ended by zeroes. */
    public static final int SUBNQN = 768;

    private static final Layout.Builder B = Layout.builder("Identify Controller", WORDS, "NVMe 1.4 §5.15.2.2");
    /** PCI vendor. */
    public static final BitField VID = B.field("VID", 15, 0);
    /** PCI subsystem vendor. */
    public static final BitField SSVID = B.field("SSVID", 31, 16);
    /** Recommended arbitration burst, log2. */
    public static final BitField RAB = B.field("RAB", 583, 576);
    /** Maximum data transfer size: log2 of the smallest memory page. */
    public static final BitField MDTS = B.field("MDTS", 623, 616);
    /** Controller identifier. */
    public static final BitField CNTLID = B.field("CNTLID", 639, 624);
    /** Version, as the register has it. */
    public static final BitField VER = B.field("VER", 671, 640);
    /** Controller type. */
    public static final BitField CNTRLTYPE = B.field("CNTRLTYPE", 895, 888, "not reported", "I/O controller");
    /** Optional admin commands. */
    public static final BitField OACS = B.field("OACS", 2063, 2048);
    /** Abort command limit, less one. */
    public static final BitField ACL = B.field("ACL", 2071, 2064);
    /** Asynchronous event request limit, less one. */
    public static final BitField AERL = B.field("AERL", 2079, 2072);
    /** Firmware updates. */
    public static final BitField FRMW = B.field("FRMW", 2087, 2080);
    /** Log page attributes; bit 2: extended data. */
    public static final BitField LPA = B.field("LPA", 2095, 2088);
    /** Error log page entries, less one. */
    public static final BitField ELPE = B.field("ELPE", 2103, 2096);
    /** Number of power states, less one. */
    public static final BitField NPSS = B.field("NPSS", 2111, 2104);
    /** Warning composite temperature, in kelvin. */
    public static final BitField WCTEMP = B.field("WCTEMP", 2143, 2128);
    /** Critical composite temperature, in kelvin. */
    public static final BitField CCTEMP = B.field("CCTEMP", 2159, 2144);
    /** Submission queue entry sizes, log2: required low, maximum high. */
    public static final BitField SQES = B.field("SQES", 4103, 4096);
    /** Completion queue entry sizes, log2: required low, maximum high. */
    public static final BitField CQES = B.field("CQES", 4111, 4104);
    /** Number of namespaces. */
    public static final BitField NN = B.field("NN", 4159, 4128);
    /** Optional NVM commands; bit 0: Compare, bit 3: Write Zeroes. */
    public static final BitField ONCS = B.field("ONCS", 4175, 4160);
    /** Volatile write cache. */
    public static final BitField VWC = B.field("VWC", 4207, 4200);
    /** Maximum power of power state 0, in 10 mW. */
    public static final BitField PSD0_MP = B.field("PSD0.MP", 16399, 16384);
    /** The numbers of it. */
    public static final Layout LAYOUT = B.build();

    private IdentifyController() {}
}
