// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.HashMap;
import java.util.Map;
import org.iommuemu.memory.WriteWatch;
import org.jspecify.annotations.Nullable;

/** When each word of memory was last written; of large writes, each page. */
final class WriteStamps implements WriteWatch {
    /**
     * A moment.
     *
     * @param sequence its place among writes and invalidations
     * @param commands commands consumed until then
     * @param dmas transactions until then
     */
    record Stamp(long sequence, long commands, long dmas) {}

    /** Where moments come from. */
    interface Clock {
        /** A new moment. */
        Stamp now();
    }

    private static final int MOST = 1 << 20;
    private static final int LARGE = 64;
    private static final int PAGE_SHIFT = 12;

    private final Clock clock;
    private final Map<Long, Stamp> words = new HashMap<>();
    private final Map<Long, Stamp> pages = new HashMap<>();

    WriteStamps(Clock clock) {
        this.clock = clock;
    }

    @Override
    public void written(long address, int bytes) {
        Stamp now = clock.now();
        if (bytes <= LARGE) {
            for (long at = address >>> 3; at <= address + bytes - 1 >>> 3; at++) {
                put(words, at, now);
            }
        } else {
            for (long at = address >>> PAGE_SHIFT; at <= address + bytes - 1 >>> PAGE_SHIFT; at++) {
                put(pages, at, now);
            }
        }
    }

    /** Memory is bounded: what is too old is forgotten all at once. */
    private static void put(Map<Long, Stamp> stamps, long key, Stamp now) {
        if (stamps.size() >= MOST) {
            stamps.clear();
        }
        stamps.put(key, now);
    }

    /** When the word at an address was last written, or null if that was not seen. */
    @Nullable
    Stamp of(long address) {
        Stamp word = words.get(address >>> 3);
        Stamp page = pages.get(address >>> PAGE_SHIFT);
        return word == null || page != null && page.sequence > word.sequence ? page : word;
    }
}
