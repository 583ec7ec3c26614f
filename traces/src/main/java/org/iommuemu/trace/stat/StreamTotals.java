// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.stat;

import org.agrona.collections.IntHashSet;

/** What one stream does. */
public final class StreamTotals {
    private final int stream;
    private final IntHashSet pasids = new IntHashSet();
    long reads;
    long writes;
    long bytes;
    long pages;
    long pageBytes;

    StreamTotals(int stream) {
        this.stream = stream;
    }

    void pasid(int pasid) {
        pasids.add(pasid);
    }

    /** Its StreamID or requester id. */
    public int stream() {
        return stream;
    }

    /** Reads. */
    public long reads() {
        return reads;
    }

    /** Writes and atomics. */
    public long writes() {
        return writes;
    }

    /** All of them. */
    public long accesses() {
        return reads + writes;
    }

    /** Bytes of all of them. */
    public long bytes() {
        return bytes;
    }

    /** Different pages, as they are mapped, of all its address spaces. */
    public long pages() {
        return pages;
    }

    /** Bytes of these pages. */
    public long pageBytes() {
        return pageBytes;
    }

    /** Address spaces: PASIDs, and one of accesses without. */
    public int spaces() {
        return pasids.size();
    }
}
