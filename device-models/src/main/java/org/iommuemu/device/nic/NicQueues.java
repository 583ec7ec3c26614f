// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import org.iommuemu.device.nic.spec.QueueRegisters;

/** What a card gives to its queues. */
interface NicQueues {
    NicParameters parameters();

    NicStatistics statistics();

    InterruptModeration interrupt(int queue);

    Port port();

    QueueRegisters receiveRegisters(int queue);

    QueueRegisters sendRegisters(int queue);

    DescriptorRing ring(QueueRegisters registers, DescriptorRing.Owner owner);

    /** A queue may have room for what waits at the port. */
    void roomToReceive();
}
