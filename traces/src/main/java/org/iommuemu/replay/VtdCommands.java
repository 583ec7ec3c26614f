// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.Deque;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.VtdRegisters;

/**
 * The invalidation queue of a VT-d unit. Records carry the descriptors whole, and come after the write of the tail that hands them
 * over. Linux ends what it hands over with a wait descriptor; what is missing before it are PASID cache invalidations, which
 * recorders do not log.
 */
final class VtdCommands implements CommandFeed {
    private static final int SHORT = 2 * Long.BYTES;
    /** PASID cache invalidation, global. */
    private static final long[] UNRECORDED = {Descriptor.PASID_CACHE.type() | Descriptor.G.of(Descriptor.SELECTIVE), 0};

    private final Vtd vtd;
    private final PhysicalMemory memory;
    /** Index up to which the driver has handed descriptors over. */
    private int tail;
    /** Whether the driver hands more over although the trace has not shown all before it being consumed. */
    private boolean lacking;

    VtdCommands(Vtd vtd, PhysicalMemory memory) {
        this.vtd = vtd;
        this.memory = memory;
    }

    @Override
    public long[] encode(TraceRecord r) {
        return new long[] {r.detail("lo"), r.detail("hi")};
    }

    @Override
    public void handOver(long offset, long value, Deque<long[]> entries) {
        int pending = pending(offset, value);
        int recorded = upToWait(entries, pending);
        int unrecorded = VtdTables.isScalable(vtd) ? pending - recorded : 0;
        for (int i = 0; i < unrecorded; i++) {
            putUnrecorded(i);
        }
        for (int i = 0; i < recorded; i++) {
            put(unrecorded + i, entries.remove());
        }
    }

    private static int upToWait(Deque<long[]> entries, int most) {
        int n = 0;
        for (long[] entry : entries) {
            if (n == most) {
                return n;
            }
            n++;
            if (Descriptor.of(entry[0]) == Descriptor.WAIT) {
                return n;
            }
        }
        return n;
    }

    /** How many descriptors a register write hands over. */
    private int pending(long offset, long value) {
        boolean enabled = VtdRegisters.QIE.isSet(vtd.readRegister(VtdRegisters.GSTS.offset(), 4));
        return enabled && offset == VtdRegisters.IQT.offset() ? distance(index(value)) : 0;
    }

    /** Slots from the next descriptor to be consumed to an index. */
    private int distance(int index) {
        return index - queue().consumer() & queue().capacity() - 1;
    }

    private int index(long offset) {
        return (int) (VtdRegisters.QUEUE_OFFSET.inPlace(offset) / width()) & queue().capacity() - 1;
    }

    private MemoryQueue queue() {
        return vtd.invalidationQueue();
    }

    private int width() {
        return (int) (queue().addressOf(1) - queue().base());
    }

    private void put(int ahead, long[] entry) {
        long at = queue().addressOf(queue().consumer() + ahead);
        memory.writeLong(at, entry[0]);
        memory.writeLong(at + Long.BYTES, entry[1]);
        for (int i = SHORT; i < width(); i += Long.BYTES) {
            memory.writeLong(at + i, 0);
        }
    }

    /** The capture's memory may still hold the very descriptor. */
    private void putUnrecorded(int ahead) {
        long at = queue().addressOf(queue().consumer() + ahead);
        if (Descriptor.of(memory.readLong(at)) != Descriptor.PASID_CACHE) {
            put(ahead, UNRECORDED);
        }
    }

    /** Their records follow, and each has one more consumed. */
    @Override
    public boolean holdsBack(long offset, long value) {
        boolean holds = pending(offset, value) > 0;
        if (holds) {
            lacking = queue().consumer() != tail;
            tail = index(value);
        }
        return holds;
    }

    @Override
    public Comparison consume(TraceRecord r) {
        long[] entry = encode(r);
        Descriptor descriptor = Descriptor.of(entry[0]);
        if (descriptor == null) {
            return Comparison.differs("is no descriptor");
        }
        if (distance(tail) == 0) {
            return Comparison.differs("had not been handed over: the tail is at slot " + tail);
        }
        String lack = lacking ? "follows others that were not consumed: the unit is at slot " + queue().consumer() : "";
        lacking = false;
        boolean added = descriptor == Descriptor.WAIT && distance(tail) > 1 && VtdTables.isScalable(vtd);
        while (added && distance(tail) > 1) {
            putUnrecorded(0);
            if (!ring(Descriptor.PASID_CACHE)) {
                return Comparison.differs("follows a PASID cache invalidation that was not consumed");
            }
        }
        put(0, entry);
        if (!ring(descriptor)) {
            return Comparison.differs("was not consumed");
        }
        return added && lack.isEmpty() ? Comparison.by(AgreementRule.UNRECORDED_COMMAND) : Comparison.differs(lack);
    }

    /** Hands one more descriptor to the unit; whether it consumed it. */
    private boolean ring(Descriptor descriptor) {
        long before = vtd.consumed(descriptor);
        long offset = (long) (queue().consumer() + 1 & queue().capacity() - 1) * width();
        vtd.writeRegister(VtdRegisters.IQT.offset(), 8, offset);
        return vtd.consumed(descriptor) == before + 1;
    }
}
