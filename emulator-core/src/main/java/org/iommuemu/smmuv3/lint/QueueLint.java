// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;

/** Queue bases, sizes and indexes (IHI 0070 §3.5, §6.3.25-6.3.29). */
final class QueueLint {
    private final SmmuV3 smmu;
    private final LintLog log;

    QueueLint(SmmuV3 smmu, LintLog log) {
        this.smmu = smmu;
        this.log = log;
    }

    /** A queue's enable goes to 1. */
    void enabling(Register base, Register producer, Register consumer) {
        boolean commands = base.equals(Registers.CMDQ_BASE);
        long value = get(base);
        int log2 = Registers.QUEUE_LOG2SIZE.getInt(value);
        BitField limit = commands ? Idr.CMDQS : Idr.EVENTQS;
        int entryShift = Integer.numberOfTrailingZeros(commands ? Command.BYTES : Event.BYTES);
        long low = (1L << Math.max(5, log2 + entryShift)) - 1;
        if ((Registers.QUEUE_ADDR.inPlace(value) & low) != 0) {
            log.add(SmmuLintRule.QUEUE_BASE_ALIGNMENT, base.name(), value);
        }
        if (log2 > limit.getInt(smmu.features().idr1())) {
            log.add(SmmuLintRule.QUEUE_LOG2SIZE, base.name(), value);
        }
        int size = size(queue(commands), get(producer), get(consumer));
        if (size > queue(commands).capacity()) {
            log.add(SmmuLintRule.QUEUE_INDEX_INCONSISTENT, producer.name(), get(producer));
        }
    }

    /** An index is written. */
    void writing(Register register, long old, long value) {
        long cr0 = get(Registers.CR0);
        if (register.equals(Registers.CMDQ_PROD) && Registers.CMDQEN.isSet(cr0)) {
            commandProducer(old, value);
        } else if (register.equals(Registers.EVENTQ_CONS) && Registers.EVENTQEN.isSet(cr0)) {
            MemoryQueue q = smmu.eventQueue();
            if (size(q, get(Registers.EVENTQ_PROD), value) > size(q, get(Registers.EVENTQ_PROD), old)) {
                log.add(SmmuLintRule.QUEUE_INDEX_INCONSISTENT, register.name(), value);
            }
        }
    }

    private void commandProducer(long old, long value) {
        MemoryQueue q = smmu.commandQueue();
        long consumer = get(Registers.CMDQ_CONS);
        int before = size(q, old, consumer);
        int after = size(q, value, consumer);
        // While a command error stops the queue, software may take back what has not been consumed (§7.1).
        boolean stopped = Registers.CMDQ_ERR.isSet(get(Registers.GERROR) ^ get(Registers.GERRORN));
        if (before > q.capacity() || stopped && after <= before) {
            return;
        }
        int forward = size(q, value, old);
        // Past the consumer: from a distance of more than a queue, the shorter way there was backwards.
        if (after < before || after > q.capacity() && forward > q.capacity()) {
            log.add(SmmuLintRule.CMDQ_PROD_BACKWARDS, Registers.CMDQ_PROD.name(), value);
        } else if (after > q.capacity()) {
            log.add(SmmuLintRule.QUEUE_INDEX_INCONSISTENT, Registers.CMDQ_PROD.name(), value);
        }
    }

    /** Looks for memory used twice, by the queues that are on and the stream table. */
    void overlaps(long cr0) {
        long[] table = streamTable(cr0);
        long[] commands = queueRange(Registers.CMDQEN.isSet(cr0), smmu.commandQueue(), Command.BYTES);
        long[] events = queueRange(Registers.EVENTQEN.isSet(cr0), smmu.eventQueue(), Event.BYTES);
        report(Registers.CMDQ_BASE, commands, table);
        report(Registers.EVENTQ_BASE, events, table);
        report(Registers.EVENTQ_BASE, events, commands);
    }

    private void report(Register place, long[] a, long[] b) {
        if (a[0] < b[1] && b[0] < a[1]) {
            log.add(SmmuLintRule.QUEUE_OVERLAP, place.name(), get(place));
        }
    }

    private static long[] queueRange(boolean on, MemoryQueue q, int entryBytes) {
        return new long[] {q.base(), on ? q.base() + (long) q.capacity() * entryBytes : q.base()};
    }

    private long[] streamTable(long cr0) {
        long cfg = get(Registers.STRTAB_BASE_CFG);
        long base = StreamTableShape.base(get(Registers.STRTAB_BASE), cfg);
        int log2 =
                Math.min(Registers.STRTAB_LOG2SIZE.getInt(cfg), smmu.features().streamIdBits());
        long bytes =
                StreamTableShape.isTwoLevel(cfg) ? 8L << Math.max(0, log2 - StreamTableShape.split(cfg)) : 64L << log2;
        return new long[] {base, Registers.SMMUEN.isSet(cr0) ? base + bytes : base};
    }

    private MemoryQueue queue(boolean commands) {
        return commands ? smmu.commandQueue() : smmu.eventQueue();
    }

    /** Entries between two index registers, wrap bits included. */
    private static int size(MemoryQueue q, long producer, long consumer) {
        return (int) (Registers.QUEUE_INDEX.get(producer) - Registers.QUEUE_INDEX.get(consumer)) & 2 * q.capacity() - 1;
    }

    private long get(Register register) {
        return smmu.readRegister(register.offset(), register.bytes());
    }
}
