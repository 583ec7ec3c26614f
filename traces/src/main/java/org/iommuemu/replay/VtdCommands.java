// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.capture.TraceRecord;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.VtdRegisters;

/** The invalidation queue of a VT-d unit. Records carry the descriptors whole. */
final class VtdCommands implements CommandFeed {
    private static final int SHORT = 2 * Long.BYTES;

    private final Vtd vtd;
    private final PhysicalMemory memory;
    /** Index up to which the driver has handed descriptors over. */
    private int tail;

    VtdCommands(Vtd vtd, PhysicalMemory memory) {
        this.vtd = vtd;
        this.memory = memory;
    }

    @Override
    public long[] encode(TraceRecord r) {
        return new long[] {r.detail("lo"), r.detail("hi")};
    }

    private int width() {
        return (int)
                (vtd.invalidationQueue().addressOf(1) - vtd.invalidationQueue().base());
    }

    private int index(long offset) {
        return (int) (VtdRegisters.QUEUE_OFFSET.inPlace(offset) / width())
                & vtd.invalidationQueue().capacity() - 1;
    }

    @Override
    public int pending(long offset, long value) {
        boolean enabled = VtdRegisters.QIE.isSet(vtd.readRegister(VtdRegisters.GSTS.offset(), 4));
        return enabled && offset == VtdRegisters.IQT.offset()
                ? index(value) - vtd.invalidationQueue().consumer()
                        & vtd.invalidationQueue().capacity() - 1
                : 0;
    }

    @Override
    public void put(int ahead, long[] entry) {
        long at = vtd.invalidationQueue().addressOf(vtd.invalidationQueue().consumer() + ahead);
        memory.writeLong(at, entry[0]);
        memory.writeLong(at + Long.BYTES, entry[1]);
        for (int i = SHORT; i < width(); i += Long.BYTES) {
            memory.writeLong(at + i, 0);
        }
    }

    /** The recorder has the write of the tail before the descriptors. */
    @Override
    public boolean holdsBack(long offset, long value) {
        boolean holds = pending(offset, value) > 0;
        if (holds) {
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
        int next = vtd.invalidationQueue().consumer();
        if (next == tail) {
            return Comparison.differs("had not been handed over: the tail is at slot " + tail);
        }
        put(0, entry);
        long before = vtd.consumed(descriptor);
        long offset = (long) (next + 1 & vtd.invalidationQueue().capacity() - 1) * width();
        vtd.writeRegister(VtdRegisters.IQT.offset(), 8, offset);
        return vtd.consumed(descriptor) == before + 1 ? Comparison.SAME : Comparison.differs("was not consumed");
    }
}
