// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.PriEntry;
import org.iommuemu.smmuv3.spec.Registers;

/** Queue bases, sizes and indexes (IHI 0070 §3.5, §6.3.25-6.3.29). */
final class QueueLint {
    /** One queue: its registers, how large it may be, and the queue behind them. */
    private record Kind(
            BitField enable,
            Register base,
            Register producer,
            Register consumer,
            BitField limit,
            int entryBytes,
            MemoryQueue queue) {}

    private final SmmuV3 smmu;
    private final LintLog log;
    private final List<Kind> kinds;

    QueueLint(SmmuV3 smmu, LintLog log) {
        this.smmu = smmu;
        this.log = log;
        kinds = List.of(
                new Kind(
                        Registers.CMDQEN,
                        Registers.CMDQ_BASE,
                        Registers.CMDQ_PROD,
                        Registers.CMDQ_CONS,
                        Idr.CMDQS,
                        Command.BYTES,
                        smmu.commandQueue()),
                new Kind(
                        Registers.EVENTQEN,
                        Registers.EVENTQ_BASE,
                        Registers.EVENTQ_PROD,
                        Registers.EVENTQ_CONS,
                        Idr.EVENTQS,
                        Event.BYTES,
                        smmu.eventQueue()),
                new Kind(
                        Registers.PRIQEN,
                        Registers.PRIQ_BASE,
                        Registers.PRIQ_PROD,
                        Registers.PRIQ_CONS,
                        Idr.PRIQS,
                        PriEntry.BYTES,
                        smmu.pageRequestQueue()));
    }

    /** CR0 is written: queues whose enable goes to 1 come into use. */
    void enabling(long old, long value) {
        for (Kind k : kinds) {
            if (k.enable.isSet(value & ~old)) {
                enabling(k);
            }
        }
    }

    private void enabling(Kind k) {
        long value = get(k.base);
        int log2 = Registers.QUEUE_LOG2SIZE.getInt(value);
        long low = (1L << Math.max(5, log2 + Integer.numberOfTrailingZeros(k.entryBytes))) - 1;
        if ((Registers.QUEUE_ADDR.inPlace(value) & low) != 0) {
            log.add(SmmuLintRule.QUEUE_BASE_ALIGNMENT, k.base.name(), value);
        }
        if (log2 > k.limit.getInt(smmu.features().idr1())) {
            log.add(SmmuLintRule.QUEUE_LOG2SIZE, k.base.name(), value);
        }
        if (size(k.queue, get(k.producer), get(k.consumer)) > k.queue.capacity()) {
            log.add(SmmuLintRule.QUEUE_INDEX_INCONSISTENT, k.producer.name(), get(k.producer));
        }
    }

    /** An index is written. */
    void writing(Register register, long old, long value) {
        long cr0 = get(Registers.CR0);
        if (register.equals(Registers.CMDQ_PROD)) {
            if (Registers.CMDQEN.isSet(cr0)) {
                commandProducer(old, value);
            }
            return;
        }
        for (Kind k : kinds) {
            if (register.equals(k.consumer) && k.enable.isSet(cr0)) {
                long producer = get(k.producer);
                if (size(k.queue, producer, value) > size(k.queue, producer, old)) {
                    log.add(SmmuLintRule.QUEUE_INDEX_INCONSISTENT, register.name(), value);
                }
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
        List<long[]> before = new ArrayList<>();
        before.add(streamTable(cr0));
        for (Kind k : kinds) {
            long start = k.queue.base();
            long end = k.enable.isSet(cr0) ? start + (long) k.queue.capacity() * k.entryBytes : start;
            for (long[] other : before) {
                if (start < other[1] && other[0] < end) {
                    log.add(SmmuLintRule.QUEUE_OVERLAP, k.base.name(), get(k.base));
                }
            }
            before.add(new long[] {start, end});
        }
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

    /** Entries between two index registers, wrap bits included. */
    private static int size(MemoryQueue q, long producer, long consumer) {
        return (int) (Registers.QUEUE_INDEX.get(producer) - Registers.QUEUE_INDEX.get(consumer)) & 2 * q.capacity() - 1;
    }

    private long get(Register register) {
        return smmu.readRegister(register.offset(), register.bytes());
    }
}
