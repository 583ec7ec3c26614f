// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

/** What a card counts, in the order of its registers; receive counters of packets, but for bytes. */
public enum NicCounter {
    /** Packets that were written to memory. */
    RECEIVED,
    /** Their bytes. */
    RECEIVED_BYTES,
    /** Packets that went to the line, or round the loop. */
    SENT,
    /** Their bytes. */
    SENT_BYTES,
    /** Dropped: the queue's buffer was full because it had no descriptors. */
    NO_DESCRIPTORS,
    /** Dropped: the queue's buffer was full although it had descriptors; memory is too slow. */
    OVERRUN,
    /** Dropped: empty, longer than the longest frame, or than the buffers of as many descriptors as the card puts together. */
    LENGTH,
    /** Dropped: the card, or the packet's queue, was off or has stopped. */
    OFF,
    /** Not sent: empty, or longer than the longest frame. */
    BAD
}
