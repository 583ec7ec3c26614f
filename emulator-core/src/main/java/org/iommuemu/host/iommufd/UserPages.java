// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.MemoryFile;
import org.jspecify.annotations.Nullable;

/**
 * Pages of a process, or of a file, that were mapped with one call, and perhaps copied since; pinned as long as a table has them, once for all
 * of these, at the expense of a process.
 */
final class UserPages {
    static final int SHIFT = 12;
    static final long PAGE = 1L << SHIFT;

    private AddressSpace space;
    private final @Nullable MemoryFile file;
    private final long first;
    private final long bytes;
    private final boolean writable;
    private int areas;
    private int tables;
    private long[] frames = {};

    /**
     * Pages without an area yet.
     *
     * @param start address of the first byte
     */
    UserPages(AddressSpace space, long start, long length, boolean writable) {
        this(space, null, start, length, writable);
    }

    /** Pages of a file; the address is an offset in it. */
    UserPages(AddressSpace space, @Nullable MemoryFile file, long start, long length, boolean writable) {
        this.space = space;
        this.file = file;
        this.writable = writable;
        first = start & -PAGE;
        bytes = start - first + length;
    }

    /** In the process, so many bytes behind the beginning of the first page. */
    long address(long offset) {
        return first + offset;
    }

    boolean isWritable() {
        return writable;
    }

    /** An area of an IOAS has some of them. */
    void get() {
        if (areas++ == 0) {
            space.grab();
            if (file != null) {
                file.get();
            }
        }
    }

    /** One less. */
    void put() {
        if (--areas == 0) {
            space.drop();
            if (file != null) {
                file.put();
            }
        }
    }

    /**
     * One more table has them.
     *
     * @return their frames; EFAULT, ENOMEM
     */
    Result<long[]> pin() {
        if (tables == 0) {
            Result<long[]> pinned = pin(space);
            if (!pinned.isOk()) {
                return pinned;
            }
            frames = pinned.value();
        }
        tables++;
        return Result.ok(frames);
    }

    private Result<long[]> pin(AddressSpace by) {
        if (bytes < 0) {
            return Result.err(Errno.EFAULT, "pages to be pinned");
        }
        return file == null ? by.pin(first, bytes, writable) : by.pin(file, first, bytes);
    }

    /** Whether they are a file's, so that they can be pinned at another process' expense. */
    boolean isFile() {
        return file != null;
    }

    /**
     * Pins them at another process' expense too.
     *
     * @return what is to be done then: give up the old one's pins, or, if the call fails, the new ones; EFAULT, ENOMEM
     */
    Result<Move> move(AddressSpace to) {
        Result<long[]> pinned = tables == 0 || to == space ? Result.ok(new long[0]) : pin(to);
        return pinned.then(again -> Result.ok(new Move(this, to, again)));
    }

    /**
     * Pages that are pinned at the expense of two processes.
     *
     * @param pages they
     * @param to who is to have them
     * @param frames pinned by that one, none if they are not pinned at all
     */
    record Move(UserPages pages, AddressSpace to, long[] frames) {
        void commit() {
            AddressSpace old = pages.space;
            to.grab();
            pages.space = to;
            if (frames.length > 0) {
                old.unpin(pages.frames);
                pages.frames = frames;
            }
            old.drop();
        }

        void undo() {
            to.unpin(frames);
        }
    }

    /** Their frames, while a table has them. */
    long[] frames() {
        return frames;
    }

    /** One table less has them. */
    void unpin() {
        if (--tables == 0) {
            space.unpin(frames);
            frames = new long[0];
        }
    }
}
