// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Registers;

/** The event queue: records out to memory, overflow and write aborts (IHI 0070 §3.5, §7.2, §7.4). */
final class EventQueue {
    private final PhysicalMemory memory;
    private final RegisterFile registers;
    private final GlobalErrors errors;
    private final Interrupts interrupts;
    private final MemoryQueue queue = new MemoryQueue(Event.BYTES);
    private long overflowed;
    private long discarded;

    EventQueue(PhysicalMemory memory, RegisterFile registers, GlobalErrors errors, Interrupts interrupts) {
        this.memory = memory;
        this.registers = registers;
        this.errors = errors;
        this.interrupts = interrupts;
    }

    MemoryQueue queue() {
        return queue;
    }

    /** Whether a record could be written now (§7.2.1). */
    boolean isWritable() {
        return isOn() && !queue.isFull();
    }

    private boolean isOn() {
        return Registers.EVENTQEN.isSet(registers.get(Registers.CR0)) && !errors.isActive(Registers.EVENTQ_ABT_ERR);
    }

    /** Writes a record, which is lost if the queue is off, in error or full. */
    void record(long word0, long word1, long word2, long word3) {
        if (!isOn()) {
            discarded++;
        } else if (queue.isFull()) {
            overflow();
        } else if (!write(word0, word1, word2, word3)) {
            discarded++;
        }
    }

    /** Writes the record of a stalled transaction, which is never lost: false means that it has to wait (§7.4). */
    boolean recordStall(long word0, long word1, long word2, long word3) {
        return isWritable() && write(word0, word1, word2, word3);
    }

    /** Whether the last record is such that a record like it can still be merged into it: not yet read, but for the page offset the same. */
    boolean endsWith(long word0, long word1, long word2, long word3) {
        if (!isOn() || queue.isEmpty()) {
            return false;
        }
        long at = queue.addressOf(queue.producer() - 1);
        return memory.answers(at, Event.BYTES)
                && memory.readLong(at) == word0
                && memory.readLong(at + 8) == word1
                && (memory.readLong(at + 16) ^ word2) >>> 12 == 0
                && memory.readLong(at + 24) == word3;
    }

    private boolean write(long word0, long word1, long word2, long word3) {
        long at = queue.producerAddress();
        if (!memory.answers(at, Event.BYTES)) {
            errors.raise(Registers.EVENTQ_ABT_ERR);
            return false;
        }
        memory.writeLongs(at, word0, word1, word2, word3);
        boolean wasEmpty = queue.isEmpty();
        queue.advanceProducer();
        long producer = registers.get(Registers.EVENTQ_PROD);
        registers.set(Registers.EVENTQ_PROD, Registers.QUEUE_INDEX.set(producer, queue.producer()));
        boolean sent = !wasEmpty
                || interrupts.raise(
                        "eventq", Registers.EVENTQ_IRQEN, Registers.EVENTQ_IRQ_CFG0, Registers.EVENTQ_IRQ_CFG1);
        if (!sent) {
            errors.raise(Registers.MSI_EVENTQ_ABT_ERR);
        }
        return true;
    }

    private void overflow() {
        overflowed++;
        long producer = registers.get(Registers.EVENTQ_PROD);
        long consumer = registers.get(Registers.EVENTQ_CONS);
        if (Registers.OVERFLOW.get(producer) == Registers.OVERFLOW.get(consumer)) {
            registers.set(Registers.EVENTQ_PROD, producer ^ Registers.OVERFLOW.mask());
        }
    }

    /** Records lost because the queue was full. */
    long overflowed() {
        return overflowed;
    }

    /** Records lost because the queue was off, in error, or got no answer. */
    long discarded() {
        return discarded;
    }
}
