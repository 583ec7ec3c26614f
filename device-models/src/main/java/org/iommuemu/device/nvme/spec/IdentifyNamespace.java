// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** What Identify says of a namespace (NVMe 1.4 §5.15.2.1). */
public final class IdentifyNamespace {
    /** Size in 64-bit words. */
    public static final int WORDS = 512;

    private static final Layout.Builder B = Layout.builder("Identify Namespace", WORDS, "NVMe 1.4 §5.15.2.1");
    /** Size in logical blocks. */
    public static final BitField NSZE = B.field("NSZE", 63, 0);
    /** Capacity in logical blocks. */
    public static final BitField NCAP = B.field("NCAP", 127, 64);
    /** Logical blocks in use. */
    public static final BitField NUSE = B.field("NUSE", 191, 128);
    /** Number of LBA formats, less one. */
    public static final BitField NLBAF = B.field("NLBAF", 207, 200);
    /** LBA format in use. */
    public static final BitField FLBAS = B.field("FLBAS", 215, 208);
    /** IEEE extended unique identifier, big-endian. */
    public static final BitField EUI64 = B.field("EUI64", 1023, 960);
    /** LBA format 0: log2 of bytes. */
    public static final BitField LBADS = B.field("LBAF0.LBADS", 1047, 1040);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private IdentifyNamespace() {}
}
