// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import java.util.Arrays;

/**
 * One bit per entry, 1 = valid, so that fills find an invalid way, and scans find the valid entries, without touching
 * the entries themselves. Never read by a lookup. Footprint: {@code entries / 8} bytes, and 4 bytes per set above 64
 * ways.
 */
final class Occupancy {

    /** Up to this many ways a search for an invalid way reads at most two words and needs no starting hint. */
    private static final int WAYS_WITHOUT_HINT = 64;

    private final int entries;
    private final int ways;
    private final long[] words;
    /** Per set: every way below this one is valid. Empty when there are few ways. */
    private final int[] hints;

    private int size;

    Occupancy(final int sets, final int ways) {
        this.entries = sets * ways;
        this.ways = ways;
        this.words = new long[(entries >>> 6) + 1];
        this.hints = new int[ways > WAYS_WITHOUT_HINT ? sets : 0];
    }

    /** Number of valid entries. */
    int size() {
        return size;
    }

    /** Marks an entry, up to now invalid, as valid. */
    void add(final int entry) {
        words[entry >>> 6] |= 1L << entry;
        size++;
    }

    /** Marks an entry, up to now valid, as invalid. */
    void remove(final int entry) {
        words[entry >>> 6] &= ~(1L << entry);
        size--;
        if (hints.length != 0) {
            final int set = entry / ways;
            hints[set] = Math.min(hints[set], entry - set * ways);
        }
    }

    /** Marks every entry as invalid. */
    void clear() {
        Arrays.fill(words, 0);
        Arrays.fill(hints, 0);
        size = 0;
    }

    /** The lowest-numbered invalid entry of a set, or -1 when all are valid. */
    int firstInvalid(final int set) {
        if (size == entries) {
            return -1;
        }
        final int base = set * ways;
        final int limit = base + ways;
        if (hints.length == 0) {
            return nextInvalid(base, limit);
        }
        final int found = nextInvalid(base + hints[set], limit);
        hints[set] = found < 0 ? ways : found - base;
        return found;
    }

    /** The first valid entry from {@code from} on, or -1 when there is none. */
    int nextValid(final int from) {
        int word = from >>> 6;
        if (word >= words.length) {
            return -1;
        }
        long bits = words[word] & (-1L << from);
        while (bits == 0) {
            if (++word == words.length) {
                return -1;
            }
            bits = words[word];
        }
        return (word << 6) + Long.numberOfTrailingZeros(bits);
    }

    private int nextInvalid(final int from, final int limit) {
        if (from >= limit) {
            return -1;
        }
        int word = from >>> 6;
        final int lastWord = limit - 1 >>> 6;
        long bits = ~words[word] & (-1L << from);
        while (bits == 0 && word < lastWord) {
            bits = ~words[++word];
        }
        final int found = (word << 6) + Long.numberOfTrailingZeros(bits);
        return bits != 0 && found < limit ? found : -1;
    }
}
