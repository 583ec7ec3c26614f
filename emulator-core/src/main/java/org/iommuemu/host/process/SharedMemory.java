// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Pages that several address spaces map. It lives as long as a region or an open file of it does. */
final class SharedMemory {
    private final FrameSource source;
    private final TreeMap<Long, Long> frames = new TreeMap<>();
    private final long length;
    private int owners;

    /**
     * Zeros.
     *
     * @param length in bytes, a multiple of 4 KiB
     */
    SharedMemory(FrameSource source, long length) {
        this.source = source;
        this.length = length;
    }

    long length() {
        return length;
    }

    /**
     * The frame of a page, with one more reference for who asks.
     *
     * @param offset of the page, in bytes
     * @return the frame, or NONE if there is no memory for it
     */
    long frame(long offset) {
        @Nullable Long known = frames.get(offset);
        long frame = known == null ? source.zeroed() : known;
        if (frame != FrameAllocator.NONE) {
            frames.put(offset, frame);
            source.allocator().share(frame);
        }
        return frame;
    }

    /** One more region or file has it. */
    void get() {
        owners++;
    }

    /** One region or file less has it. */
    void put() {
        if (--owners == 0) {
            frames.values().forEach(source.allocator()::release);
            frames.clear();
        }
    }
}
