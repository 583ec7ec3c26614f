// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Replacement state of every set of one cache. The cache reports uses with {@link #touch} and {@link #insert} and asks
 * for a {@link #victim} only when every way of the set is valid; so invalidations need no report: a way that comes back
 * into use is inserted first.
 *
 * <p>One class with a {@code switch} instead of one class per policy: the lookup path stays free of virtual calls. Each
 * policy uses its own arrays, the others have length 0:
 *
 * <pre>
 *   LRU, FIFO to 4 ways    stamps     8 bytes per entry    victim O(ways), touch O(1)
 *   LRU, FIFO to 16 ways   bits       8 bytes per set      victim O(1), touch O(1)
 *   LRU, FIFO above        next/prev  8 bytes per entry    victim O(1), touch O(1)
 *   TREE_PLRU              bits       1 bit per way, in words per 64 ways, O(log ways)
 *   SRRIP                  bits       2 bits per way, rounded to words; victim O(ways / 32), touch O(1)
 *   ROUND_ROBIN            firsts     4 bytes per set, O(1)
 *   RANDOM                 -          O(1)
 *   LFU                    bits       4 bits per way, rounded to words; victim O(ways), touch O(1) amortised over a
 *                                     halving, O(ways / 16), every 7 hits at the most often
 *   ORACLE                 farthest   12 bytes per entry, O(log ways)
 * </pre>
 */
final class Replacement {

    /** Up to this many ways LRU and FIFO compare stamps; a touch is one store. */
    static final int MAX_STAMPED_WAYS = 4;

    /** Up to this many they keep the order of the ways in a word, four bits each; above, a list. */
    static final int MAX_ORDERED_WAYS = 16;

    private static final int NONE = 0;
    private static final int STAMP = 1;
    private static final int LIST = 2;
    private static final int TREE = 3;
    private static final int RRIP = 4;
    private static final int POINTER = 5;
    private static final int DRAW = 6;
    private static final int ORDER = 7;
    private static final int COUNT = 8;
    private static final int NEXT_USE = 9;

    /** Bit 0 of every four, and the order in which way 0 is the most recent. */
    private static final long NIBBLES = 0x1111_1111_1111_1111L;

    private static final long FIRST_ORDER = 0xFEDC_BA98_7654_3210L;

    /** LFU: the count at which all of a set are halved. */
    private static final int MOST_COUNT = 15;

    /** Ways of one word of 2-bit values, and bit 0 of each of them. */
    private static final int RRIP_SHIFT = 5;

    private static final long RRIP_LOW_BITS = 0x5555_5555_5555_5555L;

    /** For each leaf of a tree word: the nodes on its path, and those of them that must turn right to avoid it. */
    private static final long[] PATH = new long[64];

    private static final long[] AWAY = new long[64];

    static {
        for (int leaf = 0; leaf < 64; leaf++) {
            for (int child = 64 + leaf; child > 1; child >>>= 1) {
                PATH[leaf] |= 1L << (child >>> 1);
                AWAY[leaf] |= (child & 1L ^ 1L) << (child >>> 1);
            }
        }
    }

    private final int ways;
    /** What a hit does: {@link #NONE} or the same as {@link #order}. */
    private final int onTouch;

    private final int order;
    private final long[] stamps;
    /**
     * Doubly linked ring per set, most recent first: entry numbers at {@code 2 * entry} (next) and {@code + 1}
     * (previous).
     */
    private final int[] links;
    /** Per set: most recent entry of the ring, or the way a round-robin pointer names. */
    private final int[] firsts;

    private final long[] bits;
    private final int wordsPerSet;
    /** Tree: first word, within the set's, of the subtrees of each level, bottom level first. */
    private final int[] levels;

    private @Nullable FarthestNextUse farthest;
    private long clock;
    private long random;

    Replacement(final CacheGeometry geometry) {
        final int sets = geometry.sets();
        ways = geometry.ways();
        order = orderOf(geometry.policy(), ways);
        final boolean hitsMatter = geometry.policy() != ReplacementPolicy.FIFO && order != POINTER && order != DRAW;
        onTouch = hitsMatter ? order : NONE;
        levels = order == TREE ? treeLevels(ways) : new int[1];
        wordsPerSet = order == TREE
                ? levels[levels.length - 1] + 1
                : order == COUNT ? ways + 15 >>> 4 : ways + 31 >>> RRIP_SHIFT;
        stamps = new long[order == STAMP ? sets * ways : 0];
        links = new int[order == LIST ? sets * ways * 2 : 0];
        firsts = new int[order == LIST || order == POINTER ? sets : 0];
        bits = new long
                [order == TREE || order == RRIP || order == COUNT ? sets * wordsPerSet : order == ORDER ? sets : 0];
        if (order == ORDER) {
            Arrays.fill(bits, FIRST_ORDER);
        }
        random = geometry.seed();
        if (order == LIST) {
            linkRings(sets);
        }
    }

    private static int orderOf(final ReplacementPolicy policy, final int ways) {
        if (ways <= 1) {
            return NONE;
        }
        return switch (policy) {
            case LRU, FIFO -> ways <= MAX_STAMPED_WAYS ? STAMP : ways <= MAX_ORDERED_WAYS ? ORDER : LIST;
            case TREE_PLRU -> TREE;
            case ROUND_ROBIN -> POINTER;
            case RANDOM -> DRAW;
            case SRRIP -> RRIP;
            case LFU -> COUNT;
            case ORACLE -> NEXT_USE;
        };
    }

    /** A hit on an entry. */
    void touch(final int entry) {
        if (onTouch == STAMP) {
            stamp(entry);
        } else if (onTouch != NONE) {
            touch(entry / ways, entry);
        }
    }

    /** Whether the second of two uses in a row changes something. */
    boolean countsRepeats() {
        return order == COUNT || order == NEXT_USE;
    }

    /** Gives {@link ReplacementPolicy#ORACLE} what it needs to know. */
    void foresee(final FarthestNextUse future) {
        farthest = future;
    }

    private FarthestNextUse future() {
        return Objects.requireNonNull(farthest, "the policy oracle needs the uses of an earlier run");
    }

    /** A hit on an entry, or a fill that overwrote it in place, but see {@link #renew}. */
    void touch(final int set, final int entry) {
        switch (onTouch) {
            case STAMP -> stamp(entry);
            case ORDER -> moveFirst(set, entry - set * ways);
            case LIST -> moveToFront(set, entry);
            case TREE -> pointAway(set, entry - set * ways);
            case RRIP -> setInterval(set, entry - set * ways, 0);
            case COUNT -> countUse(set, entry - set * ways);
            case NEXT_USE -> future().found(set, entry);
            default -> {}
        }
    }

    /** A fill that overwrote an entry in place: a use like others, but of a lookup that is over. */
    void renew(final int set, final int entry) {
        if (order == NEXT_USE) {
            future().filled(set, entry);
        } else {
            touch(set, entry);
        }
    }

    /** A fill that gave the entry new tags. */
    void insert(final int set, final int entry) {
        switch (order) {
            case STAMP -> stamp(entry);
            case ORDER -> moveFirst(set, entry - set * ways);
            case LIST -> moveToFront(set, entry);
            case TREE -> pointAway(set, entry - set * ways);
            case RRIP -> setInterval(set, entry - set * ways, 2);
            case COUNT -> bits[word(set, entry - set * ways)] &= ~(15L << 4 * (entry - set * ways));
            case NEXT_USE -> future().filled(set, entry);
            default -> {}
        }
    }

    /** The entry to evict from a set whose ways are all valid; {@link #insert} must follow. */
    int victim(final int set) {
        final int base = set * ways;
        return switch (order) {
            case STAMP -> oldestStamp(base);
            case ORDER -> base + (int) (bits[set] >>> 4 * (ways - 1) & 15);
            case LIST -> links[2 * firsts[set] + 1];
            case TREE -> base + followTree(set);
            case RRIP -> base + distantWay(set);
            case POINTER -> base + advancePointer(set);
            case DRAW -> base + (int) ((nextRandom() >>> 32) * ways >>> 32);
            case COUNT -> base + leastUsedWay(set);
            case NEXT_USE -> future().victim(set);
            default -> base;
        };
    }

    /** A stamp is a time and, below it, the low bits of the entry's number: the smallest stamp of a set names its entry. */
    private void stamp(final int entry) {
        clock += MAX_STAMPED_WAYS;
        stamps[entry] = clock | entry & MAX_STAMPED_WAYS - 1;
    }

    private int oldestStamp(final int base) {
        long oldest = stamps[base];
        for (int entry = base + 1; entry < base + ways; entry++) {
            final long difference = stamps[entry] - oldest;
            oldest += difference & difference >> 63; // the minimum, without a branch nobody can predict
        }
        return base + ((int) oldest - base & MAX_STAMPED_WAYS - 1);
    }

    /**
     * The four bits that name the way leave the word, those below move up, and they come in at the bottom. Which ones they are is
     * found as {@link TagIndex} finds a signature: by the lowest zero of the difference.
     */
    private void moveFirst(final int set, final int way) {
        final long word = bits[set];
        final long difference = word ^ way * NIBBLES;
        final long zero = difference - NIBBLES & ~difference & NIBBLES << 3;
        final long through = (zero & -zero) << 1;
        final long mask = through - 1;
        bits[set] = word & ~mask | word << 4 & mask | way;
    }

    private void linkRings(final int sets) {
        for (int set = 0; set < sets; set++) {
            final int base = set * ways;
            firsts[set] = base;
            for (int way = 0; way < ways; way++) {
                links[2 * (base + way)] = base + (way + 1) % ways;
                links[2 * (base + way) + 1] = base + (way + ways - 1) % ways;
            }
        }
    }

    private void moveToFront(final int set, final int entry) {
        final int first = firsts[set];
        if (entry == first) {
            return;
        }
        final int last = links[2 * first + 1];
        if (entry != last) {
            final int next = links[2 * entry];
            final int previous = links[2 * entry + 1];
            links[2 * previous] = next;
            links[2 * next + 1] = previous;
            links[2 * entry] = first;
            links[2 * entry + 1] = last;
            links[2 * first + 1] = entry;
            links[2 * last] = entry;
        }
        firsts[set] = entry;
    }

    /**
     * A word is a tree over 64 leaves: node 1 is the root, node n has the children 2n and 2n + 1, leaf w is node 64 +
     * w, and bit n is 1 when the victim is to be sought on the right of node n. More than 64 ways are a tree of such
     * words; what there is of tree beyond the last way is never entered, so it makes no difference.
     */
    private static int[] treeLevels(final int ways) {
        final int[] levels = new int[ways <= 64 ? 1 : (37 - Integer.numberOfLeadingZeros(ways - 1)) / 6];
        int width = ways;
        for (int level = 1; level < levels.length; level++) {
            width = width + 63 >>> 6;
            levels[level] = levels[level - 1] + width;
        }
        return levels;
    }

    private void pointAway(final int set, final int way) {
        final int words = set * wordsPerSet;
        int child = way;
        for (final int level : levels) {
            final int word = words + level + (child >>> 6);
            bits[word] = bits[word] & ~PATH[child & 63] | AWAY[child & 63];
            child >>>= 6;
        }
    }

    private int followTree(final int set) {
        final int words = set * wordsPerSet;
        int way = 0;
        for (int level = levels.length - 1; level >= 0; level--) {
            final long word = bits[words + levels[level] + (way >>> 6 * level + 6)];
            int span = 32 << 6 * level;
            for (int node = 1; node < 64; span >>>= 1) {
                final int right = (int) (word >>> node) & (way + span - ways >>> 31);
                way += span & -right;
                node = 2 * node + right;
            }
        }
        return way;
    }

    private void setInterval(final int set, final int way, final long interval) {
        final int word = set * wordsPerSet + (way >>> RRIP_SHIFT);
        final int shift = 2 * way;
        bits[word] = bits[word] & ~(3L << shift) | interval << shift;
    }

    /** The first way whose interval is 3, after as many rounds of ageing as that takes (at most three). */
    private int distantWay(final int set) {
        final int words = set * wordsPerSet;
        while (true) {
            for (int i = 0; i < wordsPerSet; i++) {
                final long word = bits[words + i];
                final long distant = word & word >>> 1 & presentWays(i);
                if (distant != 0) {
                    return (i << RRIP_SHIFT) + (Long.numberOfTrailingZeros(distant) >>> 1);
                }
            }
            for (int i = 0; i < wordsPerSet; i++) {
                bits[words + i] += presentWays(i);
            }
        }
    }

    /** Bit 0 of every 2-bit value of word {@code i} that belongs to a way. */
    private long presentWays(final int i) {
        final int present = ways - (i << RRIP_SHIFT);
        return present >= 32 ? RRIP_LOW_BITS : RRIP_LOW_BITS >>> 64 - 2 * present;
    }

    /** LFU: the word that has a way's count. */
    private int word(final int set, final int way) {
        return set * wordsPerSet + (way >>> 4);
    }

    private void countUse(final int set, final int way) {
        final int word = word(set, way);
        final int shift = 4 * way;
        bits[word] += 1L << shift;
        if ((bits[word] >>> shift & 15) == MOST_COUNT) {
            for (int i = set * wordsPerSet; i < (set + 1) * wordsPerSet; i++) {
                bits[i] = bits[i] >>> 1 & 7 * NIBBLES;
            }
        }
    }

    /** The first way of the least count, sought count by count; the four bits that belong to no way come last. */
    private int leastUsedWay(final int set) {
        for (int count = 0; count < MOST_COUNT; count++) {
            for (int i = 0; i < wordsPerSet; i++) {
                final long difference = bits[set * wordsPerSet + i] ^ count * NIBBLES;
                final long zero = difference - NIBBLES & ~difference & NIBBLES << 3;
                final int way = (i << 4) + (Long.numberOfTrailingZeros(zero) >>> 2);
                if (zero != 0 && way < ways) {
                    return way;
                }
            }
        }
        throw new IllegalStateException("no count below " + MOST_COUNT);
    }

    private int advancePointer(final int set) {
        final int way = firsts[set];
        firsts[set] = way + 1 == ways ? 0 : way + 1;
        return way;
    }

    /** SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). */
    private long nextRandom() {
        random += 0x9E3779B97F4A7C15L;
        long z = random;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
