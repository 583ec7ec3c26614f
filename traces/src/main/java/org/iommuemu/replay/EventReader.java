// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Registers;

/** Takes records off the event queue as a driver does: by index registers and memory. */
public final class EventReader implements RecordReader {
    private final SmmuV3 smmu;
    private final PhysicalMemory memory;
    private final long[] record = new long[Event.WORDS];

    /** A reader of a machine's event queue. */
    public EventReader(SmmuV3 smmu, PhysicalMemory memory) {
        this.smmu = smmu;
        this.memory = memory;
    }

    @Override
    public int drain() {
        // Base and size as the hardware uses them: aligned and capped.
        MemoryQueue queue = smmu.eventQueue();
        int mask = 2 * queue.capacity() - 1;
        int producer = (int) smmu.readRegister(Registers.EVENTQ_PROD.offset(), 4) & mask;
        int consumer = (int) smmu.readRegister(Registers.EVENTQ_CONS.offset(), 4) & mask;
        int n = producer - consumer & mask;
        if (n > 0) {
            long at = queue.addressOf(producer - 1);
            for (int i = 0; i < record.length; i++) {
                record[i] = memory.readLong(at + (long) i * Long.BYTES);
            }
            smmu.writeRegister(Registers.EVENTQ_CONS.offset(), 4, producer);
        }
        return n;
    }

    @Override
    public long[] last() {
        return record;
    }
}
