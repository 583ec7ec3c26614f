// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import org.iommuemu.device.nic.spec.NicRegisters;
import org.iommuemu.device.nic.spec.QueueRegisters;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.Picoseconds;

/**
 * What a card is made of.
 *
 * @param queues of each direction, 1 to {@link NicRegisters#MOST_QUEUES}
 * @param ringShift log2 of the most descriptors of a ring, 3 to 15
 * @param mostFrame longest packet in bytes, without its check sequence, 64 to 65,535
 * @param line rate of the line, each way
 * @param receiveBuffer bytes of packets that each receive queue holds, also while they are being written; at least a frame
 * @param sendBuffer bytes of packets that each send queue holds, also while they are being read; at least a frame
 * @param prefetch descriptors that each queue reads ahead
 * @param batch descriptors that are written back at once
 * @param patience how long a descriptor that is done waits for its batch, in ps
 */
public record NicParameters(
        int queues,
        int ringShift,
        int mostFrame,
        ByteRate line,
        int receiveBuffer,
        int sendBuffer,
        int prefetch,
        int batch,
        long patience) {
    private static final int LEAST_FRAME = 64;
    private static final int MOST_FRAME = 0xFFFF;
    private static final int MOST_SHIFT = 15;

    /** Checks the ranges. */
    public NicParameters {
        check("queues", queues, 1, NicRegisters.MOST_QUEUES);
        check("ring shift", ringShift, Integer.numberOfTrailingZeros(QueueRegisters.GRANULE), MOST_SHIFT);
        check("longest frame", mostFrame, LEAST_FRAME, MOST_FRAME);
        check("receive buffer", receiveBuffer, mostFrame, Integer.MAX_VALUE);
        check("send buffer", sendBuffer, mostFrame, Integer.MAX_VALUE);
        check("prefetch", prefetch, 1, 1 << ringShift);
        check("batch", batch, 1, 1 << ringShift);
        check("patience", patience, 0, Picoseconds.PER_SECOND);
    }

    private static void check(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " is " + value + ", expected " + least + " to " + most);
        }
    }

    /** Round figures of a card of so many Gbit/s, none of them measured. */
    public static NicParameters of(int gigabits) {
        return new NicParameters(
                8,
                12,
                9728,
                ByteRate.bitsPerSecond(gigabits * 1_000_000_000L),
                1 << 16,
                1 << 16,
                64,
                8,
                Picoseconds.ofNanoseconds(500));
    }
}
