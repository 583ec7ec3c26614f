// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.spec.Registers;

/** Software's side of a queue that an SMMU writes: events or page requests (IHI 0070 §3.5). */
final class OutputQueue {
    private final RegisterFrame smmu;
    private final Register producer;
    private final Register consumer;
    private final int entryBytes;
    private final int entries;
    private final long base;
    private int index;
    private int known;

    OutputQueue(
            RegisterFrame smmu,
            PageAllocator pages,
            Register base,
            Register producer,
            Register consumer,
            int entryBytes,
            int log2) {
        this.smmu = smmu;
        this.producer = producer;
        this.consumer = consumer;
        this.entryBytes = entryBytes;
        entries = 1 << log2;
        long bytes = (long) entryBytes << log2;
        this.base = pages.allocate(bytes, bytes);
        SmmuDriver.write(smmu, base, base(this.base, log2));
        SmmuDriver.write(smmu, producer, 0);
        SmmuDriver.write(smmu, consumer, 0);
    }

    /** What a queue's base register is given. */
    static long base(long address, int log2) {
        return Registers.QUEUE_HINT.of(1) | Registers.QUEUE_ADDR.inPlace(address) | Registers.QUEUE_LOG2SIZE.of(log2);
    }

    /** Takes the next entry, whose address this is, or −1 if there is none. It may be overwritten after {@link #publish}. */
    long take() {
        if (index == known) {
            known = Registers.QUEUE_INDEX.getInt(SmmuDriver.read(smmu, producer)) & 2 * entries - 1;
        }
        if (index == known) {
            return -1;
        }
        long at = base + (long) (index & entries - 1) * entryBytes;
        index = index + 1 & 2 * entries - 1;
        return at;
    }

    /**
     * Says how far entries were taken, and that an overflow was seen.
     *
     * @return whether there was one
     */
    boolean publish() {
        long now = SmmuDriver.read(smmu, producer);
        boolean overflowed = Registers.OVERFLOW.isSet(now ^ SmmuDriver.read(smmu, consumer));
        SmmuDriver.write(smmu, consumer, index | now & Registers.OVERFLOW.mask());
        return overflowed;
    }

    /** Whether there is an entry to take: one that came too late for an interrupt of its own. */
    boolean isReadable() {
        return index != (Registers.QUEUE_INDEX.getInt(SmmuDriver.read(smmu, producer)) & 2 * entries - 1);
    }

    /** Takes all there is without looking at it. */
    void skip() {
        long now = SmmuDriver.read(smmu, producer);
        index = Registers.QUEUE_INDEX.getInt(now) & 2 * entries - 1;
        known = index;
        SmmuDriver.write(smmu, consumer, now);
    }
}
