// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

/** Takes packets that go to the line. */
@FunctionalInterface
public interface PacketSink {
    /** Nobody. */
    PacketSink NOBODY = (packet, time) -> {};

    /**
     * A packet has gone.
     *
     * @param packet from destination address to the last byte of data
     * @param time of its last byte, in ps
     */
    void sent(byte[] packet, long time);
}
