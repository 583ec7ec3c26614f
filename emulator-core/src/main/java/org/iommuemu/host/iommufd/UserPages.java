// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.process.AddressSpace;

/** Pages of a process that were mapped with one call, and perhaps copied since; pinned as long as a table has them, once for all of these. */
final class UserPages {
    static final int SHIFT = 12;
    static final long PAGE = 1L << SHIFT;

    private final AddressSpace space;
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
        this.space = space;
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
        }
    }

    /** One less. */
    void put() {
        if (--areas == 0) {
            space.drop();
        }
    }

    /**
     * One more table has them.
     *
     * @return their frames; EFAULT, ENOMEM
     */
    Result<long[]> pin() {
        if (tables == 0) {
            if (bytes < 0) {
                return Result.err(Errno.EFAULT, "pages to be pinned");
            }
            Result<long[]> pinned = space.pin(first, bytes, writable);
            if (!pinned.isOk()) {
                return pinned;
            }
            frames = pinned.value();
        }
        tables++;
        return Result.ok(frames);
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
