// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.WriteWatch;
import org.jspecify.annotations.Nullable;

/** When the value of each word of memory last changed. A store of the value that is there already is no change. */
final class WriteStamps implements WriteWatch {
    /**
     * A moment.
     *
     * @param sequence its place among writes and invalidations
     * @param commands commands consumed until then
     * @param dmas transactions until then
     */
    record Stamp(long sequence, long commands, long dmas) {
        /** The later of two moments, of which either may be missing. */
        static @Nullable Stamp later(@Nullable Stamp a, @Nullable Stamp b) {
            return a == null || b != null && b.sequence > a.sequence ? b : a;
        }
    }

    /** Where moments come from. */
    interface Clock {
        /** A new moment. */
        Stamp now();
    }

    /** Pages of which stamps are kept; those that were not asked for longest are forgotten first. */
    static final int MOST_PAGES = 1 << 14;

    private static final int PAGE_SHIFT = 12;
    private static final int WORD_SHIFT = 3;
    private static final int WORDS = 1 << PAGE_SHIFT - WORD_SHIFT;

    private final PhysicalMemory memory;
    private final Clock clock;
    private final Map<Long, @Nullable Stamp[]> pages = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, @Nullable Stamp[]> eldest) {
            return size() > MOST_PAGES;
        }
    };
    private long[] before = new long[WORDS];

    WriteStamps(PhysicalMemory memory, Clock clock) {
        this.memory = memory;
        this.clock = clock;
    }

    @Override
    public void writing(long address, int bytes) {
        int words = words(address, bytes);
        if (words > before.length) {
            before = new long[words];
        }
        for (int i = 0; i < words; i++) {
            before[i] = memory.readLong(word(address, i));
        }
    }

    @Override
    public void written(long address, int bytes) {
        Stamp now = clock.now();
        int words = words(address, bytes);
        for (int i = 0; i < words; i++) {
            long at = word(address, i);
            if (memory.readLong(at) != before[i]) {
                pages.computeIfAbsent(at >>> PAGE_SHIFT, page -> new Stamp[WORDS])[index(at)] = now;
            }
        }
    }

    private static int words(long address, int bytes) {
        return (int) ((address + bytes - 1 >>> WORD_SHIFT) - (address >>> WORD_SHIFT)) + 1;
    }

    private static long word(long address, int i) {
        return (address >>> WORD_SHIFT) + i << WORD_SHIFT;
    }

    private static int index(long address) {
        return (int) (address >>> WORD_SHIFT) & WORDS - 1;
    }

    /** When the value of the word at an address last changed, or null if that was not seen. */
    @Nullable
    Stamp of(long address) {
        @Nullable Stamp[] page = pages.get(address >>> PAGE_SHIFT);
        return page == null ? null : page[index(address)];
    }

    /** When any of some words last changed, or null if that was not seen. */
    @Nullable
    Stamp of(long address, int words) {
        Stamp latest = null;
        for (int i = 0; i < words; i++) {
            latest = Stamp.later(latest, of(word(address, i)));
        }
        return latest;
    }
}
