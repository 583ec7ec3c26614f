// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging.build;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.TreeMap;

/** Hands out physical memory for tables and structures, upwards from a start; what was given back first, the latest before all. */
public final class PageAllocator {
    private final TreeMap<Long, Deque<Long>> free = new TreeMap<>();
    private long next;

    /**
     * An allocator.
     *
     * @param start physical address of the first byte it may hand out
     */
    public PageAllocator(long start) {
        next = start;
    }

    /** Memory of {@code bytes} bytes, aligned to {@code alignment}, a power of two; it holds zeros. */
    public long allocate(long bytes, long alignment) {
        Deque<Long> known = free.get(bytes);
        if (known != null && !known.isEmpty() && known.getFirst() % alignment == 0) {
            return known.removeFirst();
        }
        long at = next + alignment - 1 & -alignment;
        next = at + bytes;
        return at;
    }

    /**
     * Takes memory back, for the next who wants as much.
     *
     * @param at what {@link #allocate} returned; nothing but zeros is left there
     */
    public void free(long at, long bytes) {
        free.computeIfAbsent(bytes, size -> new ArrayDeque<>()).addFirst(at);
    }
}
