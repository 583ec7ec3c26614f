// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import org.jspecify.annotations.Nullable;

/** Packets that come from the line. */
public interface PacketSource {
    /** The next packet, from destination address to the last byte of data; null if there are no more. */
    byte @Nullable [] next();

    /**
     * Time from the packet before to the one that {@link #next} has returned last, in ps. 0: as soon as the line and the card take it,
     * so that none is dropped for want of room.
     */
    long gap();
}
