// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random programs on the cache and on a naive one, step by step. Every name carries its seed; {@code -Dseed=N} runs all
 * geometries and policies with that seed instead.
 */
class CacheOracleTest {

    private static final int STEPS = 6_000;
    private static final int[][] SHAPES = {
        {0, 0}, {1, 1}, {1, 4}, {4, 1}, {8, 4}, {7, 3}, {1, 8}, {3, 9}, {1, 16}, {1, 17}, {5, 20}, {64, 4}, {1, 64},
        {1, 65}, {2, 128}, {1, 300}
    };

    static Stream<Arguments> programs() {
        final Long given = Long.getLong("seed");
        final long[] seeds = given != null ? new long[] {given} : new long[] {1, 0x5EED_CAFE_F00DL};
        final List<Arguments> programs = new ArrayList<>();
        for (final ReplacementPolicy policy : ReplacementPolicy.online()) {
            for (final int[] shape : SHAPES) {
                for (final long seed : seeds) {
                    programs.add(Arguments.of(policy, shape[0], shape[1], seed));
                }
            }
        }
        return programs.stream();
    }

    @ParameterizedTest(name = "{0} {1}x{2} seed={3}")
    @MethodSource("programs")
    void shouldAgreeWithTheNaiveCacheAtEveryStep(
            final ReplacementPolicy policy, final int sets, final int ways, final long seed) {
        final Program program = new Program(new CacheGeometry(sets, ways, policy, seed), seed);

        for (int step = 0; step < STEPS; step++) {
            program.step(step);
        }

        program.compareContents();
    }

    /** The two caches and the random choices. */
    private static final class Program {
        private final SplittableRandom random;
        private final SetAssociativeCache cache;
        private final NaiveCache naive;
        private final long pages;
        /** Pages differ in their low or in their high bits. */
        private final int shift;

        private String now = "";

        Program(final CacheGeometry geometry, final long seed) {
            random = new SplittableRandom(seed * 31 + geometry.sets() * 1009L + geometry.ways());
            cache = new SetAssociativeCache("under test", geometry);
            naive = new NaiveCache(geometry);
            pages = Math.max(3, geometry.entries() * 3L / 4);
            shift = random.nextInt(0, 53);
        }

        void step(final int number) {
            final long page = random.nextLong(pages);
            final long context = random.nextInt(2);
            final long tag0 = page << shift;
            final long index = page * 0x9E37_79B9_7F4A_7C15L + context;
            final int choice = random.nextInt(100);
            now = "step " + number + " choice " + choice + " page " + page + " context " + context;
            if (choice < 30) {
                same(cache.lookup(tag0, context, index), naive.lookup(tag0, context, index));
            } else if (choice < 40) {
                same(cache.find(tag0, context, index), naive.find(tag0, context, index));
            } else if (choice < 45) {
                same(cache.probe(tag0, context, index), naive.probe(tag0, context, index));
            } else if (choice < 90) {
                fill(tag0, context, index);
            } else if (choice < 96) {
                useEntry(tag0, context, index);
            } else {
                invalidate(tag0, context, index);
            }
            same(cache.size(), naive.size());
            if (number % 64 == 0) {
                compareContents();
            }
        }

        private void fill(final long tag0, final long tag1, final long index) {
            final long value = random.nextLong();
            final int entry = cache.fill(tag0, tag1, index, value, ~value);
            same(entry, naive.fill(new NaiveCache.Row(tag0, tag1, value, ~value), index));
            assertThat(cache.evicted()).as(now).isEqualTo(naive.evicted != null);
            if (naive.evicted != null) {
                assertThat(cache.evictedTag0()).as(now).isEqualTo(naive.evicted.tag0());
            }
        }

        private void useEntry(final long tag0, final long tag1, final long index) {
            final int entry = naive.probe(tag0, tag1, index);
            if (entry >= 0) {
                cache.touch(entry);
                naive.touch(entry);
                final long value = random.nextLong();
                cache.setValues(entry, value, 1);
                naive.setValues(entry, value, 1);
            }
        }

        private void invalidate(final long tag0, final long tag1, final long index) {
            final int kind = random.nextInt(40);
            if (kind == 0) {
                same(cache.invalidateAll(), naive.invalidateIf(row -> true));
            } else if (kind < 5) {
                final long bit = 1L << random.nextInt(64);
                same(
                        cache.invalidateIf((t0, t1, v0, v1) -> t1 == tag1 && (v0 & bit) != 0),
                        naive.invalidateIf(row -> row.tag1() == tag1 && (row.value0() & bit) != 0));
            } else {
                final boolean dropped = cache.invalidate(tag0, tag1, index);
                same(dropped ? 1 : 0, naive.invalidateIf(row -> row.hasTags(tag0, tag1)));
            }
        }

        private void same(final int actual, final int expected) {
            if (actual != expected) {
                assertThat(actual).as(now).isEqualTo(expected);
            }
        }

        void compareContents() {
            final List<NaiveCache.Row> rows =
                    new ArrayList<>(Collections.nCopies(cache.capacity(), (NaiveCache.Row) null));
            cache.forEach((entry, tag0, tag1, value0, value1) ->
                    rows.set(entry, new NaiveCache.Row(tag0, tag1, value0, value1)));
            assertThat(rows).as(now).isEqualTo(naive.rows());
            for (int entry = 0; entry < cache.capacity(); entry++) {
                assertThat(cache.isValid(entry)).as(now).isEqualTo(rows.get(entry) != null);
            }
            assertThat(cache.counters()).as(now).hasToString(naive.countersText());
        }
    }
}
