// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Software's side of a unit's invalidation queue: descriptors, and behind each batch a wait that writes its status (VT-d 6.5.2). */
final class DescriptorSender {
    private static final int LOG2 = 8;
    private static final int LENGTH = 1 << LOG2;
    private static final int DONE = 2;
    /** 256 descriptors of 32 bytes are two pages. */
    private static final int PAGES_LOG2 = 1;

    private static final int NARROW = 16;
    private static final int WIDE = 32;
    private static final long MOST_PICOSECONDS = Long.MAX_VALUE / 2;

    private final Vtd unit;
    private final PhysicalMemory memory;
    private final Patience patience;
    private final int bytes;
    private final long queue;
    private final long status;
    private int tail;

    /**
     * A queue that is not enabled yet.
     *
     * @param wide whether descriptors have 256 bits
     */
    DescriptorSender(Vtd unit, PhysicalMemory memory, PageAllocator pages, boolean wide, Patience patience) {
        this.unit = unit;
        this.memory = memory;
        this.patience = patience;
        bytes = wide ? WIDE : NARROW;
        queue = pages.allocate((long) bytes << LOG2, (long) bytes << LOG2);
        status = pages.allocate((long) Integer.BYTES << LOG2, (long) Integer.BYTES << LOG2);
        VtdDriver.write(unit, VtdRegisters.IQT, 0);
        VtdDriver.write(
                unit,
                VtdRegisters.IQA,
                VtdRegisters.IQ_ADDRESS.inPlace(queue)
                        | VtdRegisters.DW.of(wide ? 1 : 0)
                        | VtdRegisters.QS.of(wide ? PAGES_LOG2 : 0));
    }

    /** Puts a descriptor behind those that are there. */
    void add(long word0, long word1) {
        long at = queue + (long) tail * bytes;
        memory.writeLong(at, word0);
        memory.writeLong(at + Long.BYTES, word1);
        tail = tail + 1 & LENGTH - 1;
    }

    /** Submits what was added, and waits until it is done. */
    void submit() {
        int slot = tail;
        long place = status + (long) slot * Integer.BYTES;
        memory.writeInt(place, 0);
        add(
                Descriptor.WAIT.type() | Descriptor.SW.of(1) | Descriptor.STATUS_DATA.of(DONE),
                Descriptor.STATUS_ADDRESS.inPlace(place));
        VtdDriver.write(unit, VtdRegisters.IQT, (long) tail * bytes);
        if (!patience.await(() -> memory.readInt(place) == DONE, MOST_PICOSECONDS)) {
            throw new IllegalStateException("the unit has not come to the end of its invalidation queue");
        }
    }
}
