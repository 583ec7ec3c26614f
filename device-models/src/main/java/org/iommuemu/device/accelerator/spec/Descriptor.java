// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** A descriptor: 64 bytes that say what is to be done (docs/devices.md, Accelerator). */
public final class Descriptor {
    /** Size in bytes. */
    public static final int BYTES = 64;
    /** Size in 64-bit words. */
    public static final int WORDS = 8;

    private static final Layout.Builder B = Layout.builder("Descriptor", WORDS, "docs/devices.md");
    /** Whose addresses these are; of meaning in shared queues only. */
    public static final BitField PASID = B.field("PASID", 19, 0);
    /** Reserved. */
    public static final BitField RESERVED_0 = B.field("reserved", 30, 20);
    /** Accesses are privileged. */
    public static final BitField PRIV = B.bit("PRIV", 31);
    /** In a batch: begins after all before it have ended. */
    public static final BitField FENCE = B.bit("FENCE", 32);
    /** Waits where a page is missing. */
    public static final BitField BLOCK_ON_FAULT = B.bit("BLOCK_ON_FAULT", 33);
    /** Completion record address is valid. */
    public static final BitField RECORD_VALID = B.bit("RECORD_VALID", 34);
    /** Wants a completion record also of success. */
    public static final BitField REQUEST_RECORD = B.bit("REQUEST_RECORD", 35);
    /** Wants an interrupt. */
    public static final BitField REQUEST_INTERRUPT = B.bit("REQUEST_INTERRUPT", 36);
    /** Reserved. */
    public static final BitField RESERVED_FLAGS = B.field("reserved flags", 55, 37);
    /** What is to be done. */
    public static final BitField OPERATION = B.field(
            "OPERATION", 63, 56, "no-op", "batch", "drain", "memory move", "fill", "compare", "compare pattern");
    /** Address of the completion record. */
    public static final BitField RECORD = B.field("RECORD", 127, 64);
    /** First operand: address of the source, of a batch its descriptors; of a fill the pattern. */
    public static final BitField SOURCE = B.field("SOURCE", 191, 128);
    /** Second operand: address of the destination, or of the second source; of compare pattern the pattern. */
    public static final BitField DESTINATION = B.field("DESTINATION", 255, 192);
    /** Bytes; of a batch the number of descriptors. */
    public static final BitField SIZE = B.field("SIZE", 287, 256);
    /** Vector of the interrupt. */
    public static final BitField VECTOR = B.field("VECTOR", 303, 288);
    /** Reserved. */
    public static final BitField RESERVED_4 = B.field("reserved", 319, 304);
    /** Reserved. */
    public static final BitField RESERVED_5 = B.field("reserved", 383, 320);
    /** Reserved. */
    public static final BitField RESERVED_6 = B.field("reserved", 447, 384);
    /** Reserved. */
    public static final BitField RESERVED_7 = B.field("reserved", 511, 448);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private Descriptor() {}

    /** Whether anything reserved is set, apart from flags. */
    public static boolean hasReserved(long[] words) {
        return RESERVED_0.isSet(words)
                || RESERVED_4.isSet(words)
                || RESERVED_5.isSet(words)
                || RESERVED_6.isSet(words)
                || RESERVED_7.isSet(words);
    }
}
