// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.nio.ByteBuffer;

/** Last-level page tables off-heap and a walk cache that knows where each is: what a walk needs at least. */
final class BareTables {
    private static final int PAGES_LOG2 = 9;
    private static final int TABLE_SHIFT = PAGES_LOG2 + 3;
    private static final long SALT = 0x2A_A;

    private final BareTable walkCache;
    private final ByteBuffer descriptors;
    private final int pages;

    /** Tables of a number of pages, a power of two; page {@code p} leads to page {@link #outputOf}. */
    BareTables(int pages) {
        this.pages = pages;
        int tables = pages >>> PAGES_LOG2;
        walkCache = new BareTable(tables);
        descriptors = BareTable.offHeap(pages * Long.BYTES);
        for (int table = 0; table < tables; table++) {
            walkCache.put(table, (long) table << TABLE_SHIFT);
        }
        for (int page = 0; page < pages; page++) {
            descriptors.putLong(page * Long.BYTES, outputOf(page));
        }
    }

    /** Where a page leads to, without looking. */
    long outputOf(int page) {
        return page ^ SALT & pages - 1;
    }

    /** Probes the walk cache and reads the descriptor that it leads to. */
    long walk(long page) {
        long table = walkCache.find(page >>> PAGES_LOG2);
        long index = page & (1 << PAGES_LOG2) - 1;
        return descriptors.getLong((int) (table + index * Long.BYTES));
    }
}
