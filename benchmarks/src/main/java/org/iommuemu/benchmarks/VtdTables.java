// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.VtdSecondStage;
import org.iommuemu.paging.build.PageAllocator;

/** VT-d tables of either stage, whose entries all allow everything (VT-d architecture 9.7, 9.8). */
final class VtdTables implements Tables {
    private static final int PAGE_SHIFT = 12;
    private static final int STRIDE = 9;
    private static final int TOP = 3;

    private static final long FIRST_STAGE = VtdFirstStage.P.of(1)
            | VtdFirstStage.RW.of(1)
            | VtdFirstStage.US.of(1)
            | VtdFirstStage.A.of(1)
            | VtdFirstStage.D.of(1);
    private static final long SECOND_STAGE = VtdSecondStage.R.of(1) | VtdSecondStage.W.of(1);

    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final long flags;
    private final long root;

    private VtdTables(PhysicalMemory memory, PageAllocator allocator, long flags) {
        this.memory = memory;
        this.allocator = allocator;
        this.flags = flags;
        root = table();
    }

    /** Empty first-stage tables; what will be mapped is accessed and dirty. */
    static VtdTables firstStage(PhysicalMemory memory, PageAllocator allocator) {
        return new VtdTables(memory, allocator, FIRST_STAGE);
    }

    /** Empty second-stage tables. */
    static VtdTables secondStage(PhysicalMemory memory, PageAllocator allocator) {
        return new VtdTables(memory, allocator, SECOND_STAGE);
    }

    private long table() {
        return allocator.allocate(1 << PAGE_SHIFT, 1 << PAGE_SHIFT);
    }

    @Override
    public void map(long address, long physical) {
        long table = root;
        for (int height = TOP; height > 0; height--) {
            long at = entry(table, address, height);
            if (memory.readLong(at) == 0) {
                memory.writeLong(at, table() | flags);
            }
            table = VtdFirstStage.TABLE_ADDRESS.inPlace(memory.readLong(at));
        }
        memory.writeLong(entry(table, address, 0), physical | flags);
    }

    private static long entry(long table, long address, int height) {
        long index = address >>> PAGE_SHIFT + height * STRIDE & (1 << STRIDE) - 1;
        return table + index * Long.BYTES;
    }

    @Override
    public long root() {
        return root;
    }
}
