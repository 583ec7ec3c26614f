// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** An entry of a completion queue (NVMe 1.4 §4.6). */
public final class CompletionEntry {
    /** Size in bytes. */
    public static final int BYTES = 16;
    /** log2 of {@link #BYTES}, as CC.IOCQES has it. */
    public static final int SHIFT = 4;
    /** Size in 64-bit words. */
    public static final int WORDS = 2;

    private static final Layout.Builder B = Layout.builder("Completion Queue Entry", WORDS, "NVMe 1.4 §4.6");
    /** Command specific. */
    public static final BitField DW0 = B.field("DW0", 31, 0);
    /** Submission queue head pointer. */
    public static final BitField SQHD = B.field("SQHD", 79, 64);
    /** Submission queue identifier. */
    public static final BitField SQID = B.field("SQID", 95, 80);
    /** Command identifier. */
    public static final BitField CID = B.field("CID", 111, 96);
    /** Phase tag: changes with every pass through the queue. */
    public static final BitField P = B.bit("P", 112);
    /** Status code. */
    public static final BitField SC = B.field("SC", 120, 113);
    /** Status code type. */
    public static final BitField SCT =
            B.field("SCT", 123, 121, "generic", "command specific", "media and data integrity");
    /** More: the error log says more. */
    public static final BitField M = B.bit("M", 126);
    /** Do not retry. */
    public static final BitField DNR = B.bit("DNR", 127);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private CompletionEntry() {}
}
