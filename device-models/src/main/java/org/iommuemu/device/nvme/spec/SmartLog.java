// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** The SMART / Health Information log (NVMe 1.4 §5.14.1.2); of 128-bit counters the lower half. */
public final class SmartLog {
    /** Size in 64-bit words. */
    public static final int WORDS = 64;

    private static final Layout.Builder B = Layout.builder("SMART / Health Information", WORDS, "NVMe 1.4 §5.14.1.2");
    /** Critical warnings. */
    public static final BitField CRITICAL_WARNING = B.field("Critical Warning", 7, 0);
    /** In kelvin. */
    public static final BitField TEMPERATURE = B.field("Composite Temperature", 23, 8);
    /** In percent. */
    public static final BitField SPARE = B.field("Available Spare", 31, 24);
    /** In percent. */
    public static final BitField SPARE_THRESHOLD = B.field("Available Spare Threshold", 39, 32);
    /** In percent. */
    public static final BitField PERCENTAGE_USED = B.field("Percentage Used", 47, 40);
    /** In 1000 units of 512 bytes, rounded up. */
    public static final BitField UNITS_READ = B.field("Data Units Read", 319, 256);
    /** In 1000 units of 512 bytes, rounded up. */
    public static final BitField UNITS_WRITTEN = B.field("Data Units Written", 447, 384);
    /** Read and Compare commands. */
    public static final BitField READS = B.field("Host Read Commands", 575, 512);
    /** Write commands. */
    public static final BitField WRITES = B.field("Host Write Commands", 703, 640);
    /** Power cycles. */
    public static final BitField POWER_CYCLES = B.field("Power Cycles", 959, 896);
    /** Media and data integrity errors. */
    public static final BitField MEDIA_ERRORS = B.field("Media and Data Integrity Errors", 1343, 1280);
    /** Entries there ever were in the error log. */
    public static final BitField ERRORS = B.field("Number of Error Information Log Entries", 1471, 1408);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private SmartLog() {}
}
