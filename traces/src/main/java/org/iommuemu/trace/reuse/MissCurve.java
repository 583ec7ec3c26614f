// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.reuse;

import java.util.stream.IntStream;

/** The misses of fully associative LRU caches of every size, exactly, for the same lookups and invalidations. */
public final class MissCurve {
    /** By stack distance; the first element is not used. */
    private final long[] hits;

    /** By size: lookups that miss. */
    private final long[] misses;

    private final long cold;
    private final long invalidated;
    private final long refused;

    /**
     * A curve.
     *
     * @param hits lookups by stack distance, from 1 on; becomes this curve's
     * @param cold first lookups of a page
     * @param invalidated first lookups after an invalidation
     * @param refused lookups of what is not translated; they are in no other figure
     */
    MissCurve(long[] hits, long cold, long invalidated, long refused) {
        this.hits = hits;
        this.cold = cold;
        this.invalidated = invalidated;
        this.refused = refused;
        misses = new long[hits.length];
        long sum = cold + invalidated;
        for (int size = hits.length - 1; size >= 0; size--) {
            misses[size] = sum;
            sum += hits[size];
        }
    }

    /** Lookups of what is translated. */
    public long lookups() {
        return misses[0];
    }

    /** Lookups of a page that had never been looked up: they miss in every cache. */
    public long cold() {
        return cold;
    }

    /** Lookups of a page that had been invalidated since it was last looked up: they miss in every cache too. */
    public long invalidated() {
        return invalidated;
    }

    /** Lookups of what is not translated, or not for that access. They are in no other figure here; an IOTLB counts them as well. */
    public long refused() {
        return refused;
    }

    /** The longest stack distance; a larger cache has no fewer misses than one of so many entries. 0 if nothing is used twice. */
    public int longest() {
        return hits.length - 1;
    }

    /** Lookups with a stack distance, from 1 on. */
    public long atDistance(int distance) {
        return distance < hits.length ? hits[distance] : 0;
    }

    /**
     * Lookups that miss in a fully associative LRU cache.
     *
     * @param entries from 0 on
     */
    public long misses(long entries) {
        return misses[(int) Math.min(entries, longest())];
    }

    /** {@link #misses} as a part of all {@link #lookups}; 0 if there are none. */
    public double missRatio(long entries) {
        return lookups() == 0 ? 0 : (double) misses(entries) / lookups();
    }

    /**
     * The smallest cache that has so many of the hits that a cache can have.
     *
     * @param share 0 to 1
     */
    public int entriesFor(double share) {
        long most = misses(longest());
        double allowed = most + (1 - share) * (lookups() - most);
        int low = 0;
        int high = longest();
        while (low < high) {
            int middle = low + high >>> 1;
            if (misses(middle) <= allowed) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /**
     * Sizes that show the curve: so many in each octave, every one where there are not as many, and the longest distance.
     *
     * @param perOctave a power of two
     */
    public int[] sizes(int perOctave) {
        IntStream.Builder sizes = IntStream.builder();
        int step = 1;
        int size = 1;
        while (size < longest()) {
            sizes.add(size);
            if (size >= 2 * step * perOctave) {
                step *= 2;
            }
            size += step;
        }
        return sizes.add(Math.max(1, longest())).build().toArray();
    }
}
