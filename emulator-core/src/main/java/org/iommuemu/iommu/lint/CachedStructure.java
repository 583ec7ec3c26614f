// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.lint;

import org.iommuemu.bits.Layout;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** A configuration structure that has been fetched: what may be cached of it, and what memory holds by now. */
public final class CachedStructure {
    private final StructureBits bits;
    private final Layout layout;
    private final String place;
    private final long address;
    private final long[] memoryWords;
    private long[] cachedWords;
    private long @Nullable [] next;
    private boolean cached;
    private boolean pending;
    private int changedWords;

    CachedStructure(StructureBits bits, Layout layout, String place, long address, long[] words) {
        this.bits = bits;
        this.layout = layout;
        this.place = place;
        this.address = address;
        memoryWords = copy(words);
        cachedWords = memoryWords.clone();
        cached = bits.isCacheable(layout, memoryWords);
    }

    private long[] copy(long[] words) {
        long[] own = new long[layout.words()];
        System.arraycopy(words, 0, own, 0, own.length);
        return own;
    }

    /** What it is. */
    public Layout layout() {
        return layout;
    }

    /** What to call it. */
    public String place() {
        return place;
    }

    /** Where it is. */
    public long address() {
        return address;
    }

    /** What memory holds. */
    public long[] words() {
        return memoryWords;
    }

    boolean overlaps(long from, long to) {
        return address < to && from < address + layout.words() * (long) Long.BYTES;
    }

    /** It was fetched again: what is cached already stays, until its invalidation is complete. */
    void fetched(long[] words) {
        if (!bits.isCacheable(layout, words)) {
            return;
        }
        if (!cached) {
            cachedWords = copy(words);
            cached = true;
        } else if (pending) {
            next = copy(words);
        }
    }

    /** An invalidation of it was consumed, which is still to be completed. */
    void invalidate() {
        pending = cached;
        changedWords = 0;
    }

    /** Its invalidation is complete. */
    void complete() {
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

    /** Whether an invalidation of it is not yet complete. */
    public boolean isPending() {
        return pending;
    }

    /** Whether a cached copy may differ from memory in bits that matter to either. */
    public boolean isStale() {
        return cached && differs(cachedWords, memoryWords);
    }

    /** Whether it may differ in the bits of one word under a mask. */
    public boolean isStale(int word, long mask) {
        long used = bits.used(layout, cachedWords, word) | bits.used(layout, memoryWords, word);
        return cached && ((cachedWords[word] ^ memoryWords[word]) & used & mask) != 0;
    }

    /** What may be cached; only if something may. */
    public long[] cachedWords() {
        return cachedWords;
    }

    /** Whether other content in its place would matter. */
    public boolean isStaleAgainst(long[] words) {
        return cached && differs(cachedWords, words);
    }

    private boolean differs(long[] a, long[] b) {
        for (int i = 0; i < layout.words(); i++) {
            long used = bits.used(layout, a, i) | bits.used(layout, b, i);
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
        boolean activeBefore = bits.isActive(layout, memoryWords);
        int changed = 0;
        long[] used = new long[layout.words()];
        for (int i = 0; i < used.length; i++) {
            used[i] = bits.used(layout, memoryWords, i);
        }
        for (int i = 0; i < used.length; i++) {
            long now = memory.readLong(address + (long) i * Long.BYTES);
            changed |= ((now ^ memoryWords[i]) & used[i]) != 0 ? 1 << i : 0;
            memoryWords[i] = now;
        }
        if (!ordered || !bits.isActive(layout, memoryWords)) {
            changedWords = 0;
            return false;
        }
        // Nothing else was in use before the store that made it active.
        changedWords = activeBefore ? changedWords | changed : changed;
        return changed != 0 && Integer.bitCount(changedWords) > 1;
    }
}
