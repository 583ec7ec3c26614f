// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** What is written when a descriptor has ended: 32 bytes (docs/devices.md, Accelerator). */
public final class CompletionRecord {
    /** Size in bytes. */
    public static final int BYTES = 32;
    /** Size in 64-bit words. */
    public static final int WORDS = 4;

    private static final Layout.Builder B = Layout.builder("Completion Record", WORDS, "docs/devices.md");
    /** {@link CompletionCode}. */
    public static final BitField CODE = B.field("CODE", 6, 0);
    /** Of a fault: it was a write. */
    public static final BitField WRITE = B.bit("WRITE", 7);
    /** Of a comparison: there is a difference. Of a move that ended early: it was done from the end on. */
    public static final BitField RESULT = B.bit("RESULT", 8);
    /** Bytes done; of a comparison bytes before the difference; of a batch descriptors that ended. */
    public static final BitField COMPLETED = B.field("COMPLETED", 63, 32);
    /** Address of a fault. */
    public static final BitField FAULT_ADDRESS = B.field("FAULT_ADDRESS", 127, 64);
    /** CRC-32C. */
    public static final BitField CRC = B.field("CRC", 159, 128);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private CompletionRecord() {}
}
