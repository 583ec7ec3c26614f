// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import java.util.Arrays;

/**
 * Finds an entry of a set by its tags without a scan of the entries, whose unpredictable exit would cost more than all
 * the rest of a lookup. Every entry has an 8-bit signature, a hash of its tags; one word holds eight of them and is
 * compared in a few instructions. Signatures only nominate: the tags themselves, in the entry, decide. So the answer is
 * a scan's.
 *
 * <pre>
 *   word:   63    56 55    48            7      0
 *          +--------+--------+---...---+--------+
 *          | slot 7 | slot 6 |         | slot 0 |      0 = free slot, otherwise 0x80 | 7 bits of the hash
 *          +--------+--------+---...---+--------+
 * </pre>
 *
 * <ul>
 *   <li>1 way: no index, the entry is compared.
 *   <li>2 to 8 ways: one word per set, slot = way. 8 bytes per set.
 *   <li>9 to 16 ways: two words per set, the second for the ways from 8 on. 16 bytes per set.
 *   <li>more: per set a power of two of buckets of eight slots, at most half of them in use, so a lookup is expected
 *       O(1). An entry that finds its bucket full goes to the next one and leaves a count behind: a search goes on past
 *       a bucket only when some entry in the cache has passed it. 44 bytes per bucket, 11 to 22 bytes per entry.
 * </ul>
 */
final class TagIndex {

    /** Up to this many ways the slots of one word are the ways of the set. */
    static final int MAX_WAYS_OF_ONE_WORD = 8;

    /** Up to this many ways the slots of two words are. */
    static final int MAX_WAYS_OF_TWO_WORDS = 16;

    private static final long LOW_BITS = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = LOW_BITS << 7;

    private final long[] data;
    private final int ways;
    private final boolean bucketed;
    private final boolean paired;
    private final int bucketBits;
    private final int bucketMask;
    private final long[] signatures;
    /** Bucketed: the entry of every slot, eight per bucket. */
    private final int[] slots;
    /** Bucketed: per bucket, how many entries present now went past it when they were inserted. */
    private final int[] passed;

    /**
     * An empty index.
     *
     * @param data the entries, laid out as {@link SetAssociativeCache#offset} says, all invalid
     */
    TagIndex(final long[] data, final int sets, final int ways) {
        this.data = data;
        this.ways = ways;
        bucketed = ways > MAX_WAYS_OF_TWO_WORDS;
        paired = ways > MAX_WAYS_OF_ONE_WORD && !bucketed;
        bucketBits = bucketed ? 32 - Integer.numberOfLeadingZeros((ways - 1) >>> 2) : 0;
        bucketMask = (1 << bucketBits) - 1;
        signatures = new long[ways > 1 ? (paired ? 2 * sets : sets << bucketBits) : 0];
        slots = new int[bucketed ? sets << bucketBits + 3 : 0];
        passed = new int[bucketed ? sets << bucketBits : 0];
    }

    /** The entry of the set with these tags, or {@link SetAssociativeCache#MISS}. */
    int find(final int set, final long tag0, final long tag1) {
        if (bucketed) {
            return findInBuckets(set, tag0, tag1);
        }
        if (ways <= 1) {
            return ways == 1 && holds(set, tag0, tag1) ? set : SetAssociativeCache.MISS;
        }
        final long signature = signature(sum(tag0, tag1));
        if (paired) {
            return findInPair(set, signature, tag0, tag1);
        }
        return findInWord(signatures[set], signature, set * ways, tag0, tag1);
    }

    private int findInPair(final int set, final long signature, final long tag0, final long tag1) {
        final int entry = findInWord(signatures[2 * set], signature, set * ways, tag0, tag1);
        return entry >= 0
                ? entry
                : findInWord(signatures[2 * set + 1], signature, set * ways + MAX_WAYS_OF_ONE_WORD, tag0, tag1);
    }

    private int findInWord(final long word, final long signature, final int base, final long tag0, final long tag1) {
        long candidates = matches(word, signature);
        while (candidates != 0) {
            final int entry = base + firstSlot(candidates);
            if (holds(entry, tag0, tag1)) {
                return entry;
            }
            candidates &= candidates - 1;
        }
        return SetAssociativeCache.MISS;
    }

    private int findInBuckets(final int set, final long tag0, final long tag1) {
        final long hash = hash(tag0, tag1);
        final int table = set << bucketBits;
        for (int probe = 0; probe <= bucketMask; probe++) {
            final int bucket = table + ((int) hash + probe & bucketMask);
            long candidates = matches(signatures[bucket], signature(hash));
            while (candidates != 0) {
                final int entry = slots[(bucket << 3) + firstSlot(candidates)];
                if (holds(entry, tag0, tag1)) {
                    return entry;
                }
                candidates &= candidates - 1;
            }
            if (passed[bucket] == 0) {
                break;
            }
        }
        return SetAssociativeCache.MISS;
    }

    /** Adds an entry of the set; its tags are in the entry and not yet in the index. */
    void insert(final int set, final int entry) {
        if (ways <= 1) {
            return;
        }
        final int at = SetAssociativeCache.offset(entry);
        if (!bucketed) {
            setWay(set, entry - set * ways, signature(sum(data[at], data[at + 1])));
            return;
        }
        final long hash = hash(data[at], data[at + 1]);
        final int table = set << bucketBits;
        int position = (int) hash & bucketMask;
        long free = ~signatures[table + position] & HIGH_BITS;
        while (free == 0) {
            passed[table + position]++;
            position = position + 1 & bucketMask;
            free = ~signatures[table + position] & HIGH_BITS;
        }
        final int bucket = table + position;
        setSignature(bucket, firstSlot(free), signature(hash));
        slots[(bucket << 3) + firstSlot(free)] = entry;
    }

    /** Takes an entry out; its tags must still be in the entry. */
    void remove(final int set, final int entry) {
        if (ways <= 1) {
            return;
        }
        if (!bucketed) {
            setWay(set, entry - set * ways, 0);
            return;
        }
        final int at = SetAssociativeCache.offset(entry);
        final long hash = hash(data[at], data[at + 1]);
        final int table = set << bucketBits;
        int position = (int) hash & bucketMask;
        int slot = slotOf(table + position, entry, signature(hash));
        while (slot < 0) {
            passed[table + position]--;
            position = position + 1 & bucketMask;
            slot = slotOf(table + position, entry, signature(hash));
        }
        setSignature(table + position, slot, 0);
    }

    /** Takes every entry out. */
    void clear() {
        Arrays.fill(signatures, 0);
        Arrays.fill(passed, 0);
    }

    private int slotOf(final int bucket, final int entry, final long signature) {
        long candidates = matches(signatures[bucket], signature);
        while (candidates != 0) {
            final int slot = firstSlot(candidates);
            if (slots[(bucket << 3) + slot] == entry) {
                return slot;
            }
            candidates &= candidates - 1;
        }
        return -1;
    }

    private boolean holds(final int entry, final long tag0, final long tag1) {
        final int at = SetAssociativeCache.offset(entry);
        return data[at] == tag0 && data[at + 1] == tag1;
    }

    private void setWay(final int set, final int way, final long signature) {
        if (paired) {
            setSignature(2 * set + (way >>> 3), way & 7, signature);
        } else {
            setSignature(set, way, signature);
        }
    }

    private void setSignature(final int word, final int slot, final long signature) {
        final int shift = slot << 3;
        signatures[word] = signatures[word] & ~(0xFFL << shift) | signature << shift;
    }

    /**
     * The top bit of every slot of the word that has the signature: the test for a zero byte (Warren, "Hacker's
     * Delight", §6-1). It may also name a slot above a true match; the tags sort that out.
     */
    private static long matches(final long word, final long signature) {
        final long difference = word ^ signature * LOW_BITS;
        return difference - LOW_BITS & ~difference & HIGH_BITS;
    }

    private static int firstSlot(final long topBits) {
        return Long.numberOfTrailingZeros(topBits) >>> 3;
    }

    private static long signature(final long hash) {
        return 0x80 | hash >>> 57;
    }

    /** Good enough for signatures within a set; the multipliers are odd and otherwise arbitrary. */
    private static long sum(final long tag0, final long tag1) {
        return tag0 * 0x9E37_79B9_7F4A_7C15L + tag1 * 0xD6E8_FEB8_6659_FD93L;
    }

    /** Spread over all 64 bits: the low ones choose the bucket. */
    private static long hash(final long tag0, final long tag1) {
        final long sum = sum(tag0, tag1);
        final long product = (sum ^ sum >>> 32) * 0xBF58_476D_1CE4_E5B9L;
        return product ^ product >>> 32;
    }
}
