// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** One entry of a ring, 16 bytes: software says where a buffer is, the card writes back what it did with it. */
public final class Descriptor {
    /** Bytes of an entry. */
    public static final int BYTES = 16;
    /** The longest buffer. */
    public static final int MOST_LENGTH = 0xFFFF;

    private static final Layout.Builder B = Layout.builder("Descriptor", 2, "docs/devices.md, NIC");
    /** Where the buffer begins, any byte. */
    public static final BitField ADDRESS = B.field("ADDRESS", 63, 0);
    /** Bytes of the buffer; written back: bytes that were received into it. */
    public static final BitField LENGTH = B.field("LENGTH", 79, 64);
    /** Descriptor done: set by the card, which has finished with entry and buffer. */
    public static final BitField DD = B.bit("DD", 80);
    /** End of packet: set by software when it sends, by the card when it receives. */
    public static final BitField EOP = B.bit("EOP", 81);
    /** The packet was not sent, or not received as a whole. */
    public static final BitField ERR = B.bit("ERR", 82);
    /** Written back by a receive queue: the packet's hash. */
    public static final BitField HASH = B.field("HASH", 127, 96);

    /** All fields. */
    public static final Layout LAYOUT = B.build();

    private Descriptor() {}
}
