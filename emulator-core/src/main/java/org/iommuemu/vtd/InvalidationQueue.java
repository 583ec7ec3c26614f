// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/** The invalidation queue: fetches descriptors, checks them and has them executed, up to the first error (VT-d 6.5.2). */
final class InvalidationQueue {
    private static final int ERROR_TAIL = 1;
    private static final int ERROR_FETCH = 2;
    private static final int ERROR_TYPE = 3;
    private static final int ERROR_RESERVED = 4;
    private static final int ERROR_WIDTH = 5;
    private static final int ERROR_ALIGNMENT = 6;
    private static final int ERROR_MODE = 7;
    private static final int SHORT = 16;
    private static final int LONG = 32;
    private static final int PAGE_LOG2 = 12;
    /** Major version from which short descriptors are refused outside legacy mode. */
    static final int WIDE_ONLY = 2;

    private final PhysicalMemory memory;
    private final RegisterFile file;
    private final VtdFeatures features;
    private final ContextLookup lookup;
    private final FaultRecords faults;
    private final DescriptorRules rules;
    private final DescriptorExecution execution;
    private final MemoryQueue queue = new MemoryQueue(SHORT, false);
    private final long[] consumed = new long[Descriptor.values().length];
    private @Nullable DescriptorObserver observer;
    private int width = SHORT;
    private boolean enabled;
    private boolean consuming;
    private int starts;

    InvalidationQueue(
            PhysicalMemory memory,
            RegisterFile file,
            VtdFeatures features,
            ContextLookup lookup,
            FaultRecords faults,
            DescriptorExecution execution) {
        this.memory = memory;
        this.file = file;
        this.features = features;
        this.lookup = lookup;
        this.faults = faults;
        this.execution = execution;
        rules = new DescriptorRules(features);
    }

    /** QIE: starts at the beginning of the queue that IQA names, or stops; the head goes back to 0. */
    void enable(boolean on) {
        enabled = on;
        starts++;
        long iqa = file.get(VtdRegisters.IQA);
        width = VtdRegisters.DW.isSet(iqa) ? LONG : SHORT;
        int log2 = VtdRegisters.QS.getInt(iqa) + PAGE_LOG2 - Integer.numberOfTrailingZeros(width);
        queue.place(VtdRegisters.IQ_ADDRESS.inPlace(iqa), log2, width);
        queue.consumer(0);
        queue.producer(0);
        showHead();
        if (on && width == LONG && !hasLong()) {
            fail(ERROR_WIDTH);
            return;
        }
        if (on) {
            tail(file.get(VtdRegisters.IQT));
        }
    }

    /** Whether descriptors of 256 bits are there. */
    private boolean hasLong() {
        return features.hasExtended(ExtendedCapability.SMTS) || features.hasExtended(ExtendedCapability.ADMS);
    }

    /** IQT is written. */
    void tail(long offset) {
        if (!enabled) {
            return;
        }
        int shift = Integer.numberOfTrailingZeros(width);
        if ((offset & width - 1) != 0) {
            fail(ERROR_ALIGNMENT);
        } else if (offset >>> shift >= queue.capacity()) {
            fail(ERROR_TAIL);
        } else {
            queue.producer((int) (offset >>> shift));
            consume();
        }
    }

    /** FSTS was written: once no error is left, the tail is looked at again, which may still be what was wrong. */
    void resume() {
        if (!isStopped()) {
            tail(file.get(VtdRegisters.IQT));
        }
    }

    /**
     * Consumes what there is, as long as the queue is enabled, no error stops it and no wait descriptor has to wait. A call from
     * within, by a device that reacts, finds its work done by the call that is under way.
     */
    void consume() {
        if (!consuming) {
            consuming = true;
            consumeAll();
            consuming = false;
        }
    }

    private void consumeAll() {
        while (enabled && queue.isReadable() && !isStopped()) {
            int mode = lookup.mode();
            if (mode == 2) {
                fail(ERROR_MODE);
                return;
            }
            if (width == LONG && !hasLong()
                    || mode != ContextLookup.LEGACY && width == SHORT && features.major() >= WIDE_ONLY) {
                fail(ERROR_WIDTH);
                return;
            }
            long at = queue.consumerAddress();
            if (!memory.answers(at, width)) {
                fail(ERROR_FETCH);
                return;
            }
            long word0 = memory.readLong(at);
            long word1 = memory.readLong(at + Long.BYTES);
            Descriptor d = Descriptor.of(word0);
            if (d == null || !rules.isThere(d, mode)) {
                fail(ERROR_TYPE);
                return;
            }
            if (!rules.isClean(d, word0, word1) || width == LONG && isTailDirty(at)) {
                fail(ERROR_RESERVED);
                return;
            }
            if (execution.mustWait(d, word0)) {
                return;
            }
            if (observer != null) {
                observer.consuming(d, word0, word1);
            }
            int start = starts;
            execution.execute(d, word0, word1);
            consumed[d.ordinal()]++;
            if (start != starts) {
                // A device that was asked has stopped or reset the unit: the head is that of another queue.
                continue;
            }
            queue.advanceConsumer();
            showHead();
            if (execution.isTimedOut()) {
                timedOut();
            }
        }
    }

    private boolean isTailDirty(long at) {
        return (memory.readLong(at + 2 * Long.BYTES) | memory.readLong(at + 3 * Long.BYTES)) != 0;
    }

    private boolean isStopped() {
        long status = file.get(VtdRegisters.FSTS);
        return VtdRegisters.IQE.isSet(status) || VtdRegisters.ITE.isSet(status);
    }

    private void showHead() {
        file.set(VtdRegisters.IQH, (long) queue.consumer() * width);
    }

    /** The head stays at the descriptor. */
    private void fail(int why) {
        if (!VtdRegisters.IQE.isSet(file.get(VtdRegisters.FSTS))) {
            file.set(VtdRegisters.IQERCD, VtdRegisters.IQEI.set(file.get(VtdRegisters.IQERCD), why));
            faults.raise(VtdRegisters.IQE.mask());
        }
    }

    /** A device did not answer: the wait descriptor that waits for it never completes (6.5.2.10). */
    void timedOut() {
        execution.isTimedOut();
        file.set(
                VtdRegisters.IQERCD,
                VtdRegisters.ITESID.set(file.get(VtdRegisters.IQERCD), execution.timedOutSource()));
        abortWait();
        faults.raise(VtdRegisters.ITE.mask());
    }

    /** A device answered what it was not asked, or was no longer: processing goes on (6.5.2.10). */
    void unexpectedCompletion(int source) {
        if (!VtdRegisters.ICE.isSet(file.get(VtdRegisters.FSTS))) {
            long record = file.get(VtdRegisters.IQERCD);
            file.set(VtdRegisters.IQERCD, VtdRegisters.ICESID.set(record, source & 0xFFFFL));
            faults.raise(VtdRegisters.ICE.mask());
        }
    }

    private void abortWait() {
        if (enabled && queue.isReadable() && memory.answers(queue.consumerAddress(), width)) {
            @Nullable Descriptor d = Descriptor.of(memory.readLong(queue.consumerAddress()));
            if (d == Descriptor.WAIT) {
                queue.advanceConsumer();
                showHead();
            }
        }
    }

    /** Shows every good descriptor from now on; null ends it. */
    void observe(@Nullable DescriptorObserver watcher) {
        observer = watcher;
    }

    MemoryQueue queue() {
        return queue;
    }

    /** Descriptors of a type consumed so far. */
    long consumed(Descriptor d) {
        return consumed[d.ordinal()];
    }
}
