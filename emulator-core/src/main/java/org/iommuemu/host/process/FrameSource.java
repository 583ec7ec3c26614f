// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import org.iommuemu.memory.PhysicalMemory;

/**
 * Frames with something in them.
 *
 * @param allocator hands them out
 * @param memory that they are of
 */
record FrameSource(FrameAllocator allocator, PhysicalMemory memory) {
    private static final byte[] ZEROS = new byte[PhysicalMemory.PAGE_BYTES];

    /** A frame of zeros, or NONE. */
    long zeroed() {
        long frame = allocator.allocate();
        if (frame != FrameAllocator.NONE) {
            memory.write(frame, ZEROS, 0, ZEROS.length);
        }
        return frame;
    }

    /** Makes a frame hold what another one holds. */
    void copy(long from, long to) {
        byte[] bytes = new byte[PhysicalMemory.PAGE_BYTES];
        memory.read(from, bytes, 0, bytes.length);
        memory.write(to, bytes, 0, bytes.length);
    }
}
