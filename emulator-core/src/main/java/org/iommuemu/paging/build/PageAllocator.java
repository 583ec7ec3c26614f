// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging.build;

/** Hands out physical memory for tables and structures, upwards from a start and never back. */
public final class PageAllocator {
    private long next;

    /**
     * An allocator.
     *
     * @param start physical address of the first byte it may hand out
     */
    public PageAllocator(long start) {
        next = start;
    }

    /** Memory of {@code bytes} bytes, aligned to {@code alignment}, a power of two. */
    public long allocate(long bytes, long alignment) {
        long at = next + alignment - 1 & -alignment;
        next = at + bytes;
        return at;
    }
}
