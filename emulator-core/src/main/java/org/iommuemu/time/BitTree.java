// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/**
 * A set of small numbers in three levels of 64-bit words, where a bit of an upper level says that a word below is not 0. The
 * next member is found in at most five reads, however far away it is.
 */
final class BitTree {
    /** Members are below this. */
    static final int CAPACITY = 1 << 18;

    private final long[] leaves;
    private final long[] middle;
    private long top;

    /** An empty set of numbers below {@code capacity}, a power of two. */
    BitTree(int capacity) {
        leaves = new long[(capacity + 63) >>> 6];
        middle = new long[(leaves.length + 63) >>> 6];
    }

    void add(int member) {
        leaves[member >>> 6] |= 1L << member;
        middle[member >>> 12] |= 1L << (member >>> 6);
        top |= 1L << (member >>> 12);
    }

    void remove(int member) {
        long leaf = leaves[member >>> 6] & ~(1L << member);
        leaves[member >>> 6] = leaf;
        if (leaf == 0) {
            long word = middle[member >>> 12] & ~(1L << (member >>> 6));
            middle[member >>> 12] = word;
            if (word == 0) {
                top &= ~(1L << (member >>> 12));
            }
        }
    }

    /** The least member that is not below {@code from}, or -1. */
    int next(int from) {
        int leaf = from >>> 6;
        long members = leaves[leaf] & -1L << from;
        if (members != 0) {
            return (leaf << 6) + Long.numberOfTrailingZeros(members);
        }
        int branch = leaf >>> 6;
        long words = middle[branch] & -2L << leaf;
        if (words == 0) {
            long branches = top & -2L << branch;
            if (branches == 0) {
                return -1;
            }
            branch = Long.numberOfTrailingZeros(branches);
            words = middle[branch];
        }
        leaf = (branch << 6) + Long.numberOfTrailingZeros(words);
        return (leaf << 6) + Long.numberOfTrailingZeros(leaves[leaf]);
    }
}
