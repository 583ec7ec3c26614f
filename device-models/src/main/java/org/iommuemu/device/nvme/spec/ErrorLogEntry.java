// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** An entry of the Error Information log (NVMe 1.4 §5.14.1.1). */
public final class ErrorLogEntry {
    /** Size in bytes. */
    public static final int BYTES = 64;
    /** Size in 64-bit words. */
    public static final int WORDS = 8;

    private static final Layout.Builder B = Layout.builder("Error Information", WORDS, "NVMe 1.4 §5.14.1.1");
    /** Number of the error since the drive was made. */
    public static final BitField ERROR_COUNT = B.field("Error Count", 63, 0);
    /** Submission queue. */
    public static final BitField SQID = B.field("Submission Queue ID", 79, 64);
    /** Command. */
    public static final BitField CID = B.field("Command ID", 95, 80);
    /** Status, without phase tag. */
    public static final BitField STATUS = B.field("Status Field", 111, 97);
    /** Parameter at fault; all ones if unknown. */
    public static final BitField LOCATION = B.field("Parameter Error Location", 127, 112);
    /** First LBA. */
    public static final BitField LBA = B.field("LBA", 191, 128);
    /** Namespace. */
    public static final BitField NSID = B.field("Namespace", 223, 192);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private ErrorLogEntry() {}
}
