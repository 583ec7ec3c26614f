// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.IommuDriver;

/**
 * What one call has mapped in an IOAS. It goes as a whole.
 *
 * @param range where it is
 * @param pages what is mapped
 * @param offset bytes from the beginning of the pages
 * @param permissions READ and WRITE of {@link IommuDriver}
 * @param large whether pages are joined where they can be
 */
record Area(IovaRange range, UserPages pages, long offset, int permissions, boolean large) {
    private static final int LARGE_SHIFT = 21;
    private static final int LARGE_PAGES = 1 << LARGE_SHIFT - UserPages.SHIFT;

    /** Takes note of pages that can be mapped, or unmapped, at once. */
    interface RunConsumer {
        void accept(long iova, long physical, long bytes, int pageShift);
    }

    long length() {
        return range.last() - range.start() + 1;
    }

    /** Whether tables of pages can have it. */
    boolean isAligned(long alignment) {
        return ((range.start() | length() | offset) & alignment - 1) == 0;
    }

    /**
     * Its pages, which are pinned, in runs of one size and one after the other.
     *
     * @param canBeLarge whether the tables have large pages
     */
    void forEachRun(boolean canBeLarge, RunConsumer consumer) {
        long[] frames = pages.frames();
        int first = (int) (offset >>> UserPages.SHIFT);
        int count = (int) (length() >>> UserPages.SHIFT);
        int i = 0;
        while (i < count) {
            boolean isLarge = large && canBeLarge && isLarge(frames, first, i, count);
            int n = isLarge ? LARGE_PAGES : 1;
            while (!isLarge
                    && i + n < count
                    && isNext(frames, first + i + n)
                    && !(large && canBeLarge && isLarge(frames, first, i + n, count))) {
                n++;
            }
            consumer.accept(
                    range.start() + (long) i * UserPages.PAGE,
                    frames[first + i],
                    n * UserPages.PAGE,
                    isLarge ? LARGE_SHIFT : UserPages.SHIFT);
            i += n;
        }
    }

    private static boolean isNext(long[] frames, int at) {
        return frames[at] == frames[at - 1] + UserPages.PAGE;
    }

    private boolean isLarge(long[] frames, int first, int from, int count) {
        long iova = range.start() + (long) from * UserPages.PAGE;
        if (count - from < LARGE_PAGES || ((iova | frames[first + from]) & (1L << LARGE_SHIFT) - 1) != 0) {
            return false;
        }
        for (int i = 1; i < LARGE_PAGES; i++) {
            if (!isNext(frames, first + from + i)) {
                return false;
            }
        }
        return true;
    }
}
