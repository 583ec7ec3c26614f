// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import org.iommuemu.bits.Layout;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** A configuration structure that has been fetched: what may be cached of it, and what memory holds by now. */
final class CachedStructure {
    private final Layout layout;
    private final String place;
    private final long address;
    private final long[] memoryWords;
    private long[] cachedWords;
    private long @Nullable [] next;
    private boolean cached = true;
    private boolean pending;
    private int changedWords;

    CachedStructure(Layout layout, String place, long address, long[] words) {
        this.layout = layout;
        this.place = place;
        this.address = address;
        memoryWords = copy(words);
        cachedWords = memoryWords.clone();
    }

    private long[] copy(long[] words) {
        long[] own = new long[layout.words()];
        System.arraycopy(words, 0, own, 0, own.length);
        return own;
    }

    Layout layout() {
        return layout;
    }

    String place() {
        return place;
    }

    long address() {
        return address;
    }

    /** What memory holds. */
    long[] words() {
        return memoryWords;
    }

    boolean overlaps(long from, long to) {
        return address < to && from < address + layout.words() * (long) Long.BYTES;
    }

    /** It was fetched again: what is cached already stays, until its invalidation is complete. */
    void fetched(long[] words) {
        if (!cached) {
            cachedWords = copy(words);
            cached = true;
        } else if (pending) {
            next = copy(words);
        }
    }

    /** An invalidation of it was consumed, which the next SYNC completes. */
    void invalidate() {
        pending = cached;
        changedWords = 0;
    }

    void sync() {
        if (pending) {
            long[] later = next;
            cached = later != null;
            if (later != null) {
                cachedWords = later;
            }
            next = null;
            pending = false;
        }
    }

    boolean isPending() {
        return pending;
    }

    /** Whether a cached copy may differ from memory in bits that matter to either. */
    boolean isStale() {
        return cached && differs(cachedWords, memoryWords);
    }

    /** Whether other content in its place would matter. */
    boolean isStaleAgainst(long[] words) {
        return cached && differs(cachedWords, words);
    }

    private boolean differs(long[] a, long[] b) {
        for (int i = 0; i < layout.words(); i++) {
            long used = UsedBits.of(layout, a, i) | UsedBits.of(layout, b, i);
            if (((a[i] ^ b[i]) & used) != 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * Memory under it was written.
     *
     * @param ordered whether it was a single store
     * @return whether the store changed a second word in use, so that a fetch since may have mixed old and new words
     */
    boolean written(PhysicalMemory memory, boolean ordered) {
        boolean activeBefore = UsedBits.isActive(layout, memoryWords);
        int changed = 0;
        long[] used = new long[layout.words()];
        for (int i = 0; i < used.length; i++) {
            used[i] = UsedBits.of(layout, memoryWords, i);
        }
        for (int i = 0; i < used.length; i++) {
            long now = memory.readLong(address + (long) i * Long.BYTES);
            changed |= ((now ^ memoryWords[i]) & used[i]) != 0 ? 1 << i : 0;
            memoryWords[i] = now;
        }
        if (!ordered || !UsedBits.isActive(layout, memoryWords)) {
            changedWords = 0;
            return false;
        }
        // Nothing else was in use before the store that made it active.
        changedWords = activeBefore ? changedWords | changed : changed;
        return changed != 0 && Integer.bitCount(changedWords) > 1;
    }
}
