// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules every policy and shape obeys. */
class SetAssociativeCacheTest {

    private static final long CONTEXT = 7;

    @ParameterizedTest
    @EnumSource(value = ReplacementPolicy.class, names = "ORACLE", mode = EnumSource.Mode.EXCLUDE)
    void shouldReturnWhatWasFilled(final ReplacementPolicy policy) {
        final SetAssociativeCache cache = cache(4, 2, policy);

        final int filled = cache.fill(0x1000, CONTEXT, 1, 11, 12);
        final int entry = cache.lookup(0x1000, CONTEXT, 1);

        assertThat(entry).isEqualTo(filled);
        assertThat(cache.isValid(entry)).isTrue();
        assertThat(new long[] {cache.tag0(entry), cache.tag1(entry), cache.value0(entry), cache.value1(entry)})
                .containsExactly(0x1000, CONTEXT, 11, 12);
    }

    @ParameterizedTest
    @EnumSource(value = ReplacementPolicy.class, names = "ORACLE", mode = EnumSource.Mode.EXCLUDE)
    void shouldFillEveryWayBeforeItEvicts(final ReplacementPolicy policy) {
        for (final int ways : new int[] {1, 3, 4, 9, 64, 100}) {
            final SetAssociativeCache cache = cache(1, ways, policy);

            IntStream.range(0, ways).forEach(page -> cache.fill(page, CONTEXT, 0, page, 0));

            assertThat(cache.size()).isEqualTo(ways);
            assertThat(cache.counters().evictions()).isZero();
            assertThat(IntStream.range(0, ways).allMatch(page -> cache.probe(page, CONTEXT, 0) == page))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(value = ReplacementPolicy.class, names = "ORACLE", mode = EnumSource.Mode.EXCLUDE)
    void shouldKeepTheEntryJustFilled(final ReplacementPolicy policy) {
        for (final int ways : new int[] {1, 3, 4, 9, 64, 100}) {
            final SetAssociativeCache cache = cache(2, ways, policy);
            for (long page = 0; page < 1000; page++) {
                cache.fill(page, CONTEXT, page, page, 0);
                assertThat(cache.probe(page, CONTEXT, page)).isNotEqualTo(SetAssociativeCache.MISS);
            }
            assertThat(cache.size()).isEqualTo(2 * ways);
        }
    }

    @ParameterizedTest
    @EnumSource(value = ReplacementPolicy.class, names = "ORACLE", mode = EnumSource.Mode.EXCLUDE)
    void shouldReuseTheLowestInvalidWayFirst(final ReplacementPolicy policy) {
        final SetAssociativeCache cache = cache(1, 100, policy);
        IntStream.range(0, 100).forEach(page -> cache.fill(page, CONTEXT, 0, 0, 0));
        cache.invalidate(80, CONTEXT, 0);
        cache.invalidate(20, CONTEXT, 0);

        assertThat(cache.fill(1000, CONTEXT, 0, 0, 0)).isEqualTo(20);
        assertThat(cache.evicted()).isFalse();
        assertThat(cache.fill(1001, CONTEXT, 0, 0, 0)).isEqualTo(80);
        cache.fill(1002, CONTEXT, 0, 0, 0);
        assertThat(cache.evicted()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(value = ReplacementPolicy.class, names = "ORACLE", mode = EnumSource.Mode.EXCLUDE)
    void shouldGiveTheSameResultsForTheSameCalls(final ReplacementPolicy policy) {
        final List<Integer> entries = new ArrayList<>();
        final List<Integer> again = new ArrayList<>();
        final SetAssociativeCache first = new SetAssociativeCache("a", new CacheGeometry(3, 20, policy, 42));
        final SetAssociativeCache second = new SetAssociativeCache("b", new CacheGeometry(3, 20, policy, 42));

        for (long i = 0; i < 500; i++) {
            entries.add(first.fill(i * i % 311, CONTEXT, i * i % 311, 0, 0));
            again.add(second.fill(i * i % 311, CONTEXT, i * i % 311, 0, 0));
        }

        assertThat(again).isEqualTo(entries);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 20})
    void shouldTellEntriesApartByEitherTag(final int ways) {
        final SetAssociativeCache cache = cache(64, ways, ReplacementPolicy.LRU);
        cache.fill(5, 1, 5, 51, 0);

        assertThat(cache.lookup(5, 2, 5)).isEqualTo(SetAssociativeCache.MISS);
        assertThat(cache.lookup(6, 1, 5)).isEqualTo(SetAssociativeCache.MISS);
        assertThat(cache.lookup(5, 1, 5)).isNotEqualTo(SetAssociativeCache.MISS);
    }

    @Test
    void shouldOverwriteInPlaceWhenTheTagsArePresent() {
        final SetAssociativeCache cache = cache(1, 4, ReplacementPolicy.LRU);
        final int entry = cache.fill(1, CONTEXT, 0, 10, 0);

        assertThat(cache.fill(1, CONTEXT, 0, 20, 1)).isEqualTo(entry);

        assertThat(cache.value0(entry)).isEqualTo(20);
        assertThat(cache.size()).isEqualTo(1);
        assertThat(cache.evicted()).isFalse();
        assertThat(cache.counters().fills()).isEqualTo(2);
    }

    @Test
    void shouldReportWhatTheLastFillEvicted() {
        final SetAssociativeCache cache = cache(1, 1, ReplacementPolicy.LRU);

        cache.fill(0x1000, CONTEXT, 0, 0, 0);
        assertThat(cache.evicted()).isFalse();
        cache.fill(0x2000, CONTEXT, 0, 0, 0);
        assertThat(cache.evicted()).isTrue();
        assertThat(cache.evictedTag0()).isEqualTo(0x1000);
        cache.fill(0x2000, CONTEXT, 0, 1, 1);
        assertThat(cache.evicted()).isFalse();
    }

    @Test
    void shouldSelectTheSetByTheUnsignedIndex() {
        final SetAssociativeCache cache = cache(7, 1, ReplacementPolicy.LRU);

        assertThat(cache.fill(1, CONTEXT, 13, 0, 0)).isEqualTo(6);
        assertThat(cache.fill(2, CONTEXT, -1, 0, 0)).isEqualTo((int) Long.remainderUnsigned(-1, 7));
    }

    @Test
    void shouldRejectTheReservedTag() {
        final SetAssociativeCache cache = cache(1, 4, ReplacementPolicy.LRU);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> cache.fill(0, SetAssociativeCache.RESERVED_TAG1, 0, 0, 0))
                .withMessageContaining("tag1: -1 is reserved");
        assertThat(cache.invalidate(-1, SetAssociativeCache.RESERVED_TAG1, 0)).isFalse();
    }

    @Test
    void shouldRejectEntryNumbersThatDoNotExist() {
        final SetAssociativeCache cache = cache(2, 2, ReplacementPolicy.LRU);

        for (final int entry : new int[] {SetAssociativeCache.MISS, 4}) {
            assertThatThrownBy(() -> cache.value0(entry)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> cache.setValues(entry, 0, 0)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> cache.touch(entry)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void shouldVisitValidEntriesInEntryOrder() {
        final SetAssociativeCache cache = cache(100, 1, ReplacementPolicy.LRU);
        cache.fill(99, CONTEXT, 99, 0, 0);
        cache.fill(3, CONTEXT, 3, 0, 0);
        cache.fill(64, CONTEXT, 64, 0, 0);
        final List<Integer> visited = new ArrayList<>();

        cache.forEach((entry, tag0, tag1, value0, value1) -> visited.add(entry));

        assertThat(visited).containsExactly(3, 64, 99);
    }

    @Test
    void shouldHoldAMillionEntries() {
        final SetAssociativeCache cache = cache(1 << 16, 16, ReplacementPolicy.LRU);
        for (long page = 0; page < cache.capacity(); page++) {
            cache.fill(page, CONTEXT, page, page, 0);
        }

        assertThat(cache.size()).isEqualTo(1 << 20);
        assertThat(cache.counters().evictions()).isZero();
        assertThat(cache.invalidateAll()).isEqualTo(1 << 20);
    }

    @Test
    void shouldNeverHoldAnythingWhenThereIsNoCache() {
        final SetAssociativeCache cache = new SetAssociativeCache("none", CacheGeometry.none());

        assertThat(cache.fill(1, CONTEXT, 1, 1, 1)).isEqualTo(SetAssociativeCache.MISS);
        assertThat(cache.lookup(1, CONTEXT, 1)).isEqualTo(SetAssociativeCache.MISS);
        assertThat(cache.invalidate(1, CONTEXT, 1)).isFalse();
        assertThat(cache.invalidateAll()).isZero();

        assertThat(cache.capacity()).isZero();
        assertThat(cache.counters()).hasToString("lookups=1 hits=0 misses=1 fills=0 evictions=0 invalidations=0");
    }

    private static SetAssociativeCache cache(final int sets, final int ways, final ReplacementPolicy policy) {
        return new SetAssociativeCache("test", CacheGeometry.of(sets, ways, policy));
    }
}
