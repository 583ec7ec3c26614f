// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.reuse;

/** A set of slots that knows its last member: bits, above them bits that say which words of those below are not 0, up to one word. */
final class SlotSet {
    private static final int WORD_SHIFT = 6;

    private final long[][] levels;

    /** An empty set of numbers below a capacity. */
    SlotSet(int capacity) {
        int words = capacity;
        int count = 0;
        do {
            words = words + Long.SIZE - 1 >>> WORD_SHIFT;
            count++;
        } while (words > 1);
        levels = new long[count][];
        words = capacity;
        for (int level = 0; level < count; level++) {
            words = words + Long.SIZE - 1 >>> WORD_SHIFT;
            levels[level] = new long[words];
        }
    }

    void add(int slot) {
        int at = slot;
        for (long[] words : levels) {
            long before = words[at >>> WORD_SHIFT];
            words[at >>> WORD_SHIFT] = before | 1L << at;
            if (before != 0) {
                return;
            }
            at >>>= WORD_SHIFT;
        }
    }

    void remove(int slot) {
        int at = slot;
        for (long[] words : levels) {
            long left = words[at >>> WORD_SHIFT] & ~(1L << at);
            words[at >>> WORD_SHIFT] = left;
            if (left != 0) {
                return;
            }
            at >>>= WORD_SHIFT;
        }
    }

    boolean contains(int slot) {
        return (levels[0][slot >>> WORD_SHIFT] >>> slot & 1) != 0;
    }

    /** The last member, or -1. */
    int last() {
        int at = 0;
        for (int level = levels.length - 1; level >= 0; level--) {
            long word = levels[level][at];
            if (word == 0) {
                return -1;
            }
            at = at << WORD_SHIFT | Long.SIZE - 1 - Long.numberOfLeadingZeros(word);
        }
        return at;
    }
}
