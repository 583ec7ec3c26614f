// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

/**
 * Geometry and policy of one cache; immutable and validated.
 *
 * @param sets number of sets, 1 to {@value #MAX_ENTRIES}, not necessarily a power of two; 0 only together with 0 ways,
 *     for {@link #none()}
 * @param ways entries per set, same range
 * @param policy how a full set chooses its victim
 * @param seed start of the random sequence of {@link ReplacementPolicy#RANDOM}; any value, unused by the other policies
 */
public record CacheGeometry(int sets, int ways, ReplacementPolicy policy, long seed) {

    /** The largest {@code sets * ways}: 16 Mi entries, 512 MiB of tags and values. */
    public static final int MAX_ENTRIES = 1 << 24;

    /**
     * Checks every field.
     *
     * @throws IllegalArgumentException naming the field, its value and the legal range
     */
    public CacheGeometry {
        if (sets != 0 || ways != 0) {
            requireCount("sets", sets);
            requireCount("ways", ways);
            if ((long) sets * ways > MAX_ENTRIES) {
                throw new IllegalArgumentException("sets * ways: " + sets + " * " + ways + " = " + (long) sets * ways
                        + " entries is outside 1.." + MAX_ENTRIES);
            }
        }
        if (policy == null) {
            throw new IllegalArgumentException("policy: null is not one of " + ReplacementPolicy.labels());
        }
    }

    /** A geometry with seed 0. */
    public static CacheGeometry of(final int sets, final int ways, final ReplacementPolicy policy) {
        return new CacheGeometry(sets, ways, policy, 0);
    }

    /** One set of {@code entries} ways, seed 0. */
    public static CacheGeometry fullyAssociative(final int entries, final ReplacementPolicy policy) {
        requireCount("entries", entries);
        return new CacheGeometry(1, entries, policy, 0);
    }

    /** No cache: every lookup misses and every fill is dropped, counted neither as a fill nor as an eviction. */
    public static CacheGeometry none() {
        return new CacheGeometry(0, 0, ReplacementPolicy.LRU, 0);
    }

    /** Capacity: {@code sets * ways}. */
    public int entries() {
        return sets * ways;
    }

    private static void requireCount(final String field, final int value) {
        if (value < 1 || value > MAX_ENTRIES) {
            throw new IllegalArgumentException(
                    field + ": " + value + " is outside 1.." + MAX_ENTRIES + " (no cache at all: sets 0 and ways 0)");
        }
    }
}
