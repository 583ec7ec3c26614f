// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import java.util.Arrays;

/**
 * The uses of one cache in the order of its lookups, recorded on a run in which the cache holds nothing ({@link
 * SetAssociativeCache#record}), so that they do not depend on what it would hold. A later run of the same program can then
 * evict by {@link ReplacementPolicy#ORACLE}: {@link SetAssociativeCache#foresee}.
 *
 * <p>The use of a lookup is the entry that is filled after it has missed. A lookup that fills nothing, because its walk
 * ends in a fault, is no use. An entry that is invalidated is not used again: what comes after it is the first use of a new one.
 *
 * <p>Footprint: 8 bytes per lookup, and 48 to 56 per entry that was ever used.
 */
public final class UseLog {
    /** The most lookups that can be recorded: half a gibibyte. */
    public static final int MOST_LOOKUPS = 1 << 26;

    static final int NEVER = Integer.MAX_VALUE;
    private static final int NONE = -1;
    private static final int CHUNK_SHIFT = 16;
    private static final int CHUNK = 1 << CHUNK_SHIFT;

    /** By lookup, in chunks: the number of the entry used, or none; the lookup of its next use, or never. */
    private int[][] keys = new int[4][];

    private int[][] nexts = new int[4][];
    private int uses;
    private boolean full;

    /** By number of the entry: tags and values as a cache has them, the lookup of the last use, the place among the valid. */
    private long[] words = new long[4 * 64];

    private int[] lastUse = new int[64];
    private int[] placeInValid = new int[64];
    private int entries;
    /** Numbers of the entries that were not invalidated since their last use, in any order. */
    private int[] valid = new int[64];

    private int size;
    /** Open addressing: numbers of entries, none where free. */
    private int[] table = new int[256];

    /** An empty log. */
    public UseLog() {
        Arrays.fill(table, NONE);
    }

    /** A lookup's miss has been filled. */
    void used(final long lookup, final long tag0, final long tag1, final long value0, final long value1) {
        if (lookup < 0) {
            throw new IllegalStateException("a fill before the first lookup");
        }
        if (lookup >= MOST_LOOKUPS) {
            full = true;
            return;
        }
        final int now = (int) lookup;
        final int entry = numberOf(tag0, tag1);
        words[4 * entry + 2] = value0;
        words[4 * entry + 3] = value1;
        final int before = key(now);
        if (before == entry) {
            return;
        }
        if (before != NONE) {
            throw new IllegalStateException("lookup " + now + " fills two entries");
        }
        final int chunk = now >>> CHUNK_SHIFT;
        makeRoomFor(chunk);
        keys[chunk][now & CHUNK - 1] = entry;
        nexts[chunk][now & CHUNK - 1] = NEVER;
        uses++;
        if (placeInValid[entry] == NONE) {
            validate(entry);
        } else {
            final int last = lastUse[entry];
            nexts[last >>> CHUNK_SHIFT][last & CHUNK - 1] = now;
        }
        lastUse[entry] = now;
    }

    private void makeRoomFor(final int chunk) {
        if (chunk >= keys.length) {
            keys = Arrays.copyOf(keys, Math.max(chunk + 1, 2 * keys.length));
            nexts = Arrays.copyOf(nexts, keys.length);
        }
        if (keys[chunk] == null) {
            keys[chunk] = new int[CHUNK];
            nexts[chunk] = new int[CHUNK];
            Arrays.fill(keys[chunk], NONE);
        }
    }

    private int numberOf(final long tag0, final long tag1) {
        final int slot = slotOf(tag0, tag1);
        if (table[slot] != NONE) {
            return table[slot];
        }
        final int entry = entries++;
        if (entry == lastUse.length) {
            lastUse = Arrays.copyOf(lastUse, 2 * entry);
            placeInValid = Arrays.copyOf(placeInValid, 2 * entry);
            words = Arrays.copyOf(words, 8 * entry);
        }
        words[4 * entry] = tag0;
        words[4 * entry + 1] = tag1;
        placeInValid[entry] = NONE;
        table[slot] = entry;
        if (2 * entries > table.length) {
            rehash();
        }
        return entry;
    }

    private int slotOf(final long tag0, final long tag1) {
        long hash = (tag0 ^ Long.rotateLeft(tag1, 31)) * 0x9E37_79B9_7F4A_7C15L;
        hash ^= hash >>> 32;
        int slot = (int) hash & table.length - 1;
        while (table[slot] != NONE && !hasTags(table[slot], tag0, tag1)) {
            slot = slot + 1 & table.length - 1;
        }
        return slot;
    }

    private void rehash() {
        table = new int[2 * table.length];
        Arrays.fill(table, NONE);
        for (int entry = 0; entry < entries; entry++) {
            table[slotOf(words[4 * entry], words[4 * entry + 1])] = entry;
        }
    }

    private void validate(final int entry) {
        if (size == valid.length) {
            valid = Arrays.copyOf(valid, 2 * size);
        }
        placeInValid[entry] = size;
        valid[size++] = entry;
    }

    /** The entry with these tags is invalidated; returns whether there was one. */
    boolean drop(final long tag0, final long tag1) {
        final int entry = table[slotOf(tag0, tag1)];
        if (entry == NONE || placeInValid[entry] == NONE) {
            return false;
        }
        drop(entry);
        return true;
    }

    /** Every entry that the filter selects is invalidated; returns how many. */
    int dropIf(final EntryFilter filter) {
        final int before = size;
        for (int i = size - 1; i >= 0; i--) {
            final int at = 4 * valid[i];
            if (filter.matches(words[at], words[at + 1], words[at + 2], words[at + 3])) {
                drop(valid[i]);
            }
        }
        return before - size;
    }

    private void drop(final int entry) {
        final int place = placeInValid[entry];
        final int moved = valid[--size];
        valid[place] = moved;
        placeInValid[moved] = place;
        placeInValid[entry] = NONE;
    }

    void forEach(final EntryVisitor visitor) {
        for (int i = 0; i < size; i++) {
            final int at = 4 * valid[i];
            visitor.visit(valid[i], words[at], words[at + 1], words[at + 2], words[at + 3]);
        }
    }

    /** Entries that were used and not invalidated since. */
    int size() {
        return size;
    }

    /** The entry that a lookup used, or a negative number if none. */
    int key(final long lookup) {
        final int[] chunk = lookup >>> CHUNK_SHIFT < keys.length ? keys[(int) (lookup >>> CHUNK_SHIFT)] : null;
        return chunk == null ? NONE : chunk[(int) lookup & CHUNK - 1];
    }

    /** The lookup that is the next use of the entry that this one used, or {@link #NEVER}. */
    int next(final int lookup) {
        return nexts[lookup >>> CHUNK_SHIFT][lookup & CHUNK - 1];
    }

    boolean hasTags(final int key, final long tag0, final long tag1) {
        return words[4 * key] == tag0 && words[4 * key + 1] == tag1;
    }

    /** Lookups that were uses. */
    public int uses() {
        return uses;
    }

    /** Whether there were more lookups than {@link #MOST_LOOKUPS}; the log is of no use then. */
    public boolean isFull() {
        return full;
    }
}
