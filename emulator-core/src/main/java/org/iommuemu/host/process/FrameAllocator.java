// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import java.util.Arrays;

/**
 * Hands out frames of 4 KiB of the machine's memory for processes. A frame is free again, and the next to be handed out, as soon as nothing
 * refers to it and nobody has pinned it: who uses one that was freed meets the next owner's data.
 */
public final class FrameAllocator {
    /** Where the first frame is. */
    public static final long START = 1L << 42;
    /** What is handed out when there is none. */
    public static final long NONE = -1;

    private static final int SHIFT = 12;

    private int[] references = new int[64];
    private int[] pins = new int[64];
    private int[] free = new int[64];
    private int freeCount;
    private int made;
    private int limit = 1 << 28;

    /** Lets no more than so many frames be in use at a time from now on; those that are stay. */
    public void limit(int frames) {
        limit = frames;
    }

    /** How many frames are in use. */
    public int inUse() {
        return made - freeCount;
    }

    /**
     * A frame with one reference, of which nothing is said about what it holds.
     *
     * @return its physical address, or {@link #NONE}
     */
    long allocate() {
        if (inUse() >= limit) {
            return NONE;
        }
        int index = freeCount > 0 ? free[--freeCount] : make();
        references[index] = 1;
        return START + ((long) index << SHIFT);
    }

    private int make() {
        if (made == references.length) {
            references = Arrays.copyOf(references, 2 * made);
            pins = Arrays.copyOf(pins, 2 * made);
            free = Arrays.copyOf(free, 2 * made);
        }
        return made++;
    }

    /** How many refer to a frame: mappings of it, and shared memory that it belongs to. */
    int references(long frame) {
        return references[index(frame)];
    }

    /** One more refers to a frame. */
    void share(long frame) {
        references[index(frame)]++;
    }

    /** One less refers to a frame. */
    void release(long frame) {
        int index = index(frame);
        if (references[index] == 0) {
            throw new IllegalStateException("frame 0x" + Long.toHexString(frame) + " is released once too often");
        }
        references[index]--;
        freeIfUnused(index);
    }

    /** Whether somebody has pinned a frame. */
    boolean isPinned(long frame) {
        return pins[index(frame)] > 0;
    }

    /** Keeps a frame, whatever becomes of its mappings. */
    void pin(long frame) {
        pins[index(frame)]++;
    }

    /** Takes one pin back. */
    void unpin(long frame) {
        int index = index(frame);
        if (pins[index] == 0) {
            throw new IllegalStateException("frame 0x" + Long.toHexString(frame) + " is unpinned once too often");
        }
        pins[index]--;
        freeIfUnused(index);
    }

    private void freeIfUnused(int index) {
        if (references[index] == 0 && pins[index] == 0) {
            free[freeCount++] = index;
        }
    }

    private int index(long frame) {
        long index = frame - START >> SHIFT;
        if (index < 0 || index >= made || references[(int) index] == 0 && pins[(int) index] == 0) {
            throw new IllegalArgumentException("0x" + Long.toHexString(frame) + " is no frame in use");
        }
        return (int) index;
    }
}
