// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic.spec;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/**
 * The registers of one queue. A queue runs while CTRL.EN and its own CTL.EN are set, with the ring, PASID and tail that it had when
 * the later of them was set.
 *
 * @param base where the ring is
 * @param size how many descriptors it has
 * @param head the next descriptor that the card will write back
 * @param tail the descriptor behind the last that software has given to the card; a write is the doorbell
 * @param control switches
 * @param status what became of the queue
 */
public record QueueRegisters(
        Register base, Register size, Register head, Register tail, Register control, Register status) {
    /** Bytes from the registers of one queue to those of the next. */
    public static final int STRIDE = 0x40;
    /** Rings begin at multiples of this. */
    public static final int ALIGNMENT = 128;
    /** Sizes are multiples of this. */
    public static final int GRANULE = ALIGNMENT / Descriptor.BYTES;

    private static final String SOURCE = "docs/devices.md, NIC";

    private static final Layout.Builder B = Layout.builder("QBASE", 1, SOURCE);
    /** Address of the ring, a multiple of {@link #ALIGNMENT}. */
    public static final BitField ADDRESS = B.field("ADDRESS", 63, 0);

    private static final Layout BASE_LAYOUT = B.build();

    private static final Layout.Builder S = Layout.builder("QSIZE", 1, SOURCE);
    /** Descriptors of the ring, a multiple of {@link #GRANULE}. */
    public static final BitField SIZE = S.field("SIZE", 16, 0);

    private static final Layout SIZE_LAYOUT = S.build();

    private static final Layout.Builder I = Layout.builder("QHEAD, QTAIL", 1, SOURCE);
    /** Number of a descriptor, below the size. */
    public static final BitField INDEX = I.field("INDEX", 15, 0);

    private static final Layout INDEX_LAYOUT = I.build();

    private static final Layout.Builder C = Layout.builder("QCTL", 1, SOURCE);
    /** Queue on; from 0 to 1 it starts anew at descriptor 0. */
    public static final BitField EN = C.bit("EN", 0);
    /** All its DMA has a PASID. */
    public static final BitField PASID_EN = C.bit("PASID_EN", 1);
    /** Which. */
    public static final BitField PASID = C.field("PASID", 31, 12);

    private static final Layout CONTROL_LAYOUT = C.build();

    private static final Layout.Builder T = Layout.builder("QSTS", 1, SOURCE);
    /** The queue runs, or transfers of before it was switched off, or has stopped, are still under way. */
    public static final BitField ACTIVE = T.bit("ACTIVE", 0);
    /** The queue has stopped by itself; it starts anew when it is switched off and on. */
    public static final BitField STOPPED = T.bit("STOPPED", 1);
    /** Why, see {@code StopCause}. */
    public static final BitField CAUSE = T.field(
            "CAUSE",
            7,
            4,
            "none",
            "ring address or size",
            "tail beyond the ring",
            "chain of descriptors too long",
            "descriptors not read",
            "data not moved",
            "descriptors not written");
    /** How the transfer ended, the number of a {@code DmaChannel.Status}. */
    public static final BitField DMA = T.field("DMA", 11, 8);

    private static final Layout STATUS_LAYOUT = T.build();

    /** The registers of a queue, the first of which is at an offset. */
    static QueueRegisters at(String name, int offset) {
        return new QueueRegisters(
                Register.writable(name + "BASE", offset, 8, ADDRESS.mask(), BASE_LAYOUT),
                Register.writable(name + "SIZE", offset + 0x08, 4, SIZE.mask(), SIZE_LAYOUT),
                Register.readOnly(name + "HEAD", offset + 0x10, 4, INDEX_LAYOUT),
                Register.writable(name + "TAIL", offset + 0x18, 4, INDEX.mask(), INDEX_LAYOUT),
                Register.writable(
                        name + "CTL", offset + 0x20, 4, EN.mask() | PASID_EN.mask() | PASID.mask(), CONTROL_LAYOUT),
                Register.readOnly(name + "STS", offset + 0x24, 4, STATUS_LAYOUT));
    }

    /** All of them. */
    public List<Register> all() {
        return List.of(base, size, head, tail, control, status);
    }
}
