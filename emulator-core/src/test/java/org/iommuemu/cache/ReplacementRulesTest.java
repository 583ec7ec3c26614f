// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each policy's own rule, on one full set whose way w was filled, in order, with page w. */
class ReplacementRulesTest {

    private static final long CONTEXT = 3;

    private long nextPage = 1_000_000;

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 16, 17, 128})
    void shouldEvictLeastRecentlyUsed(final int ways) {
        final SetAssociativeCache cache = full(ways, ReplacementPolicy.LRU);

        cache.lookup(0, CONTEXT, 0);

        assertThat(evict(cache)).isEqualTo(1);
    }

    @Test
    void shouldCountAFillInPlaceAsAUseUnderLru() {
        final SetAssociativeCache cache = full(4, ReplacementPolicy.LRU);

        cache.fill(0, CONTEXT, 0, 1, 1);

        assertThat(evict(cache)).isEqualTo(1);
    }

    @Test
    void shouldNotCountAProbeAsAUse() {
        final SetAssociativeCache cache = full(4, ReplacementPolicy.LRU);

        cache.probe(0, CONTEXT, 0);

        assertThat(evict(cache)).isZero();
    }

    @Test
    void shouldCountATouchAsAUse() {
        final SetAssociativeCache cache = full(4, ReplacementPolicy.LRU);

        cache.touch(0);

        assertThat(evict(cache)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 16, 17, 128})
    void shouldEvictFirstInUnderFifoWhateverWasUsed(final int ways) {
        final SetAssociativeCache cache = full(ways, ReplacementPolicy.FIFO);

        cache.lookup(0, CONTEXT, 0);
        cache.fill(0, CONTEXT, 0, 1, 1);

        assertThat(evict(cache)).isZero();
        assertThat(evict(cache)).isEqualTo(1);
    }

    @Test
    void shouldEvictFromTheHalfNotUsedLastUnderTreePlru() {
        final SetAssociativeCache cache = full(4, ReplacementPolicy.TREE_PLRU);

        cache.lookup(0, CONTEXT, 0);

        assertThat(evict(cache)).as("right half, its older way").isEqualTo(2);
        assertThat(evict(cache)).as("left half, away from page 0").isEqualTo(1);
    }

    @Test
    void shouldNeverWalkToAnAbsentWayUnderTreePlru() {
        final SetAssociativeCache cache = full(5, ReplacementPolicy.TREE_PLRU);

        cache.lookup(0, CONTEXT, 0);

        assertThat(evict(cache))
                .as("the right half of eight leaves has only way 4")
                .isEqualTo(4);
    }

    @Test
    void shouldEvictOneWayAfterTheOtherUnderRoundRobin() {
        final SetAssociativeCache cache = full(3, ReplacementPolicy.ROUND_ROBIN);

        assertThat(new long[] {evict(cache), evict(cache)}).containsExactly(0, 1);
    }

    @Test
    void shouldNotMoveTheRoundRobinPointerWhenAnInvalidWayIsFilled() {
        final SetAssociativeCache cache = full(3, ReplacementPolicy.ROUND_ROBIN);
        cache.invalidate(1, CONTEXT, 0);

        cache.fill(77, CONTEXT, 0, 0, 0);

        assertThat(new long[] {evict(cache), evict(cache)}).containsExactly(0, 77);
    }

    @Test
    void shouldEvictEveryWaySoonerOrLaterUnderRandom() {
        final SetAssociativeCache cache = full(20, ReplacementPolicy.RANDOM);
        final Set<Integer> ways = new HashSet<>();

        for (int i = 0; i < 400; i++) {
            ways.add(cache.fill(nextPage++, CONTEXT, 0, 0, 0));
        }

        assertThat(ways).hasSize(20);
    }

    @Test
    void shouldDrawAccordingToTheSeedUnderRandom() {
        assertThat(victimsOfSeed(1)).isEqualTo(victimsOfSeed(1)).isNotEqualTo(victimsOfSeed(2));
    }

    @Test
    void shouldEvictTheFirstDistantWayUnderSrrip() {
        final SetAssociativeCache cache = full(4, ReplacementPolicy.SRRIP);

        cache.lookup(0, CONTEXT, 0);

        assertThat(evict(cache)).as("2 ages to 3; page 0 is at 1").isEqualTo(1);
        assertThat(evict(cache)).as("the new entry is at 2, page 2 at 3").isEqualTo(2);
        assertThat(evict(cache)).isEqualTo(3);
        assertThat(evict(cache))
                .as("all age by one: page 0 is at 2, the new ones reach 3")
                .isGreaterThan(999_999);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 16, 17, 100})
    void shouldEvictTheLeastFrequentlyUsedUnderLfu(final int ways) {
        final SetAssociativeCache cache = full(ways, ReplacementPolicy.LFU);
        for (int page = 0; page < ways; page++) {
            for (int use = 0; use < (page == ways - 1 ? 1 : 3); use++) {
                cache.lookup(page, CONTEXT, 0);
            }
        }

        assertThat(evict(cache)).isEqualTo(ways - 1);
    }

    @Test
    void shouldForgetHalfOfAllUsesWhenACountIsFullUnderLfu() {
        final SetAssociativeCache cache = full(3, ReplacementPolicy.LFU);
        use(cache, 0, 1);
        use(cache, 1, 2);
        use(cache, 2, 15);

        // Counts are 0, 1 and 7 now.
        use(cache, 0, 1);
        cache.lookup(1, CONTEXT, 0);
        cache.lookup(0, CONTEXT, 0);
        cache.lookup(0, CONTEXT, 0);

        assertThat(evict(cache)).isEqualTo(1);
    }

    @Test
    void shouldNotSkipRepeatedUsesUnderLfu() {
        final SetAssociativeCache cache = full(2, ReplacementPolicy.LFU);

        assertThat(cache.find(0, CONTEXT, 0)).isZero();
        assertThat(cache.findAgain(0, CONTEXT)).isEqualTo(SetAssociativeCache.MISS);
    }

    private static void use(final SetAssociativeCache cache, final long page, final int times) {
        for (int i = 0; i < times; i++) {
            cache.lookup(page, CONTEXT, 0);
        }
    }

    @Test
    void shouldKeepEachSetItsOwnReplacementState() {
        final SetAssociativeCache cache =
                new SetAssociativeCache("two sets", CacheGeometry.of(2, 2, ReplacementPolicy.LRU));
        for (long page = 0; page < 4; page++) {
            cache.fill(page, CONTEXT, page, 0, 0);
        }
        cache.lookup(0, CONTEXT, 0);

        cache.fill(4, CONTEXT, 4, 0, 0);
        assertThat(cache.evictedTag0()).isEqualTo(2);
        cache.fill(5, CONTEXT, 5, 0, 0);
        assertThat(cache.evictedTag0()).isEqualTo(1);
    }

    private static SetAssociativeCache full(final int ways, final ReplacementPolicy policy) {
        final SetAssociativeCache cache = new SetAssociativeCache("full", CacheGeometry.fullyAssociative(ways, policy));
        for (int page = 0; page < ways; page++) {
            cache.fill(page, CONTEXT, 0, 0, 0);
        }
        return cache;
    }

    private String victimsOfSeed(final long seed) {
        final SetAssociativeCache cache =
                new SetAssociativeCache("seeded", new CacheGeometry(1, 50, ReplacementPolicy.RANDOM, seed));
        final StringBuilder ways = new StringBuilder();
        for (int page = 0; page < 100; page++) {
            ways.append(cache.fill(page, CONTEXT, 0, 0, 0)).append(' ');
        }
        return ways.toString();
    }

    /** Fills a new page and tells which one had to go. */
    private long evict(final SetAssociativeCache cache) {
        cache.fill(nextPage++, CONTEXT, 0, 0, 0);
        assertThat(cache.evicted()).isTrue();
        return cache.evictedTag0();
    }
}
