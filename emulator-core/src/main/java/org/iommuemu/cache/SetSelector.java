// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

/**
 * {@code index mod sets} for unsigned 64-bit indices: a mask when the number of sets is a power of two, otherwise a
 * multiplication with the reciprocal instead of a division.
 *
 * <p>With {@code m = floor(2^64 / sets)} the estimate {@code q = floor(index * m / 2^64)} is the quotient or one less:
 * what is cut off, {@code index * (2^64 mod sets) / (sets * 2^64)}, is below 1. One conditional subtraction makes it
 * exact.
 */
final class SetSelector {

    private final int sets;
    private final long mask;
    /** {@code floor(2^64 / sets)}, below 2^63; 0 when sets is a power of two. */
    private final long reciprocal;

    SetSelector(final int sets) {
        this.sets = sets;
        this.mask = sets - 1L;
        this.reciprocal = Integer.bitCount(sets) == 1 ? 0 : Long.divideUnsigned(-1L, sets);
    }

    /** The set of an index, 0 to {@code sets - 1}. */
    int setOf(final long index) {
        return reciprocal == 0 ? (int) (index & mask) : (int) remainder(index);
    }

    private long remainder(final long index) {
        final long quotient = Math.multiplyHigh(index, reciprocal) + (index >> 63 & reciprocal);
        final long rest = index - quotient * sets;
        return rest >= sets ? rest - sets : rest;
    }
}
