// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CacheCountersTest {

    private final SetAssociativeCache cache =
            new SetAssociativeCache("counted", CacheGeometry.of(1, 2, ReplacementPolicy.LRU));

    private final CacheCounters counters = cache.counters();

    @Test
    void shouldCountEveryKindOfEvent() {
        cache.lookup(1, 0, 0);
        cache.fill(1, 0, 0, 0, 0);
        cache.lookup(1, 0, 0);
        cache.fill(2, 0, 0, 0, 0);
        cache.fill(3, 0, 0, 0, 0);
        cache.invalidate(3, 0, 0);

        assertThat(counters).hasToString("lookups=2 hits=1 misses=1 fills=3 evictions=1 invalidations=1");
        assertThat(new long[] {
                    counters.lookups(),
                    counters.hits(),
                    counters.misses(),
                    counters.fills(),
                    counters.evictions(),
                    counters.invalidations()
                })
                .containsExactly(2, 1, 1, 3, 1, 1);
    }

    @Test
    void shouldCountOneLookupHoweverManyPageSizesWereTried() {
        cache.fill(2, 0, 0, 0, 0);

        cache.find(1, 0, 0);
        final int entry = cache.find(2, 0, 0);
        cache.countLookup(entry != SetAssociativeCache.MISS);

        assertThat(counters.lookups()).isEqualTo(1);
        assertThat(counters.hits()).isEqualTo(1);
    }

    @Test
    void shouldNotCountProbes() {
        cache.probe(1, 0, 0);

        assertThat(counters.lookups()).isZero();
    }

    @Test
    void shouldCountEntriesNotRequestsAsInvalidations() {
        cache.fill(1, 0, 0, 0, 0);
        cache.fill(2, 0, 0, 0, 0);

        cache.invalidate(9, 0, 0);
        cache.invalidateIf((tag0, tag1, value0, value1) -> false);
        assertThat(counters.invalidations()).isZero();

        assertThat(cache.invalidateAll()).isEqualTo(2);
        assertThat(cache.invalidateAll()).isZero();
        assertThat(counters.invalidations()).isEqualTo(2);
    }

    @Test
    void shouldForgetCountsButNotContentsOnReset() {
        cache.fill(1, 0, 0, 0, 0);
        cache.lookup(1, 0, 0);

        counters.reset();

        assertThat(counters).hasToString("lookups=0 hits=0 misses=0 fills=0 evictions=0 invalidations=0");
        assertThat(cache.probe(1, 0, 0)).isNotEqualTo(SetAssociativeCache.MISS);
    }
}
