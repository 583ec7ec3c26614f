// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

/**
 * What happened in one cache since it was built or its counters were {@link #reset()}. All figures are event counts.
 */
public final class CacheCounters {

    private long hits;
    private long misses;
    private long fills;
    private long evictions;
    private long invalidations;

    CacheCounters() {}

    /** Counted lookups: always {@code hits() + misses()}. */
    public long lookups() {
        return hits + misses;
    }

    /** Lookups that found their entry. */
    public long hits() {
        return hits;
    }

    /** Lookups that did not. */
    public long misses() {
        return misses;
    }

    /** Fills, including those that overwrote an entry of the same tags in place. */
    public long fills() {
        return fills;
    }

    /** Fills that pushed out a valid entry of other tags. */
    public long evictions() {
        return evictions;
    }

    /** Valid entries dropped by an invalidation of any kind: entries, not requests. */
    public long invalidations() {
        return invalidations;
    }

    /** Sets every counter to zero; the cache contents are not touched. */
    public void reset() {
        hits = 0;
        misses = 0;
        fills = 0;
        evictions = 0;
        invalidations = 0;
    }

    void countHit() {
        hits++;
    }

    void countMiss() {
        misses++;
    }

    void countFill() {
        fills++;
    }

    void countEviction() {
        evictions++;
    }

    void countInvalidations(final int dropped) {
        invalidations += dropped;
    }

    @Override
    public String toString() {
        return "lookups=" + lookups() + " hits=" + hits + " misses=" + misses + " fills=" + fills + " evictions="
                + evictions + " invalidations=" + invalidations;
    }
}
