// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Belady's MIN on random programs, each a list of pages to be looked up, and filled on a miss, or to be invalidated. */
class OracleTest {
    private static final long CONTEXT = 5;

    /** A lookup of a page, or if negative the invalidation of its complement. */
    private static List<Integer> program(final SplittableRandom random, final int length, final int pages) {
        final int invalidations = random.nextInt(4);
        final List<Integer> program = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            final int page = random.nextInt(pages);
            program.add(random.nextInt(20) < invalidations ? ~page : page);
        }
        return program;
    }

    private static CacheGeometry geometry(final int sets, final int ways, final ReplacementPolicy policy) {
        return new CacheGeometry(sets, ways, policy, 11);
    }

    private static long tag(final int page) {
        return (long) page << 12;
    }

    /** Runs the program; returns the entry that each lookup found or filled. */
    private static List<Integer> run(final List<Integer> program, final SetAssociativeCache cache) {
        final List<Integer> entries = new ArrayList<>();
        for (final int step : program) {
            if (step < 0) {
                cache.invalidate(tag(~step), CONTEXT, ~step);
            } else {
                final int entry = cache.lookup(tag(step), CONTEXT, step);
                entries.add(entry >= 0 ? entry : cache.fill(tag(step), CONTEXT, step, 1, 2));
            }
        }
        return entries;
    }

    private static SetAssociativeCache foreseeing(final List<Integer> program, final CacheGeometry geometry) {
        final UseLog log = new UseLog();
        final SetAssociativeCache recorded = new SetAssociativeCache("recorded", CacheGeometry.none());
        recorded.record(log);
        run(program, recorded);
        final SetAssociativeCache cache = new SetAssociativeCache("oracle", geometry);
        cache.foresee(log);
        return cache;
    }

    private static long misses(final List<Integer> program, final CacheGeometry geometry) {
        final boolean oracle = geometry.policy() == ReplacementPolicy.ORACLE;
        final SetAssociativeCache cache =
                oracle ? foreseeing(program, geometry) : new SetAssociativeCache("online", geometry);
        run(program, cache);
        assertThat(cache.isAsForeseen()).isTrue();
        return cache.counters().misses();
    }

    /** The fewest misses of all ways to choose victims, tried one after the other; contents are a set's pages, any order. */
    private static int fewestMisses(
            final List<Integer> program, final int at, final List<List<Integer>> sets, final int ways) {
        if (at == program.size()) {
            return 0;
        }
        final int step = program.get(at);
        final int page = step < 0 ? ~step : step;
        final List<Integer> set = sets.get(page % sets.size());
        if (set.contains(page)) {
            if (step < 0) {
                final int place = set.indexOf(page);
                set.remove(place);
                final int rest = fewestMisses(program, at + 1, sets, ways);
                set.add(place, page);
                return rest;
            }
            return fewestMisses(program, at + 1, sets, ways);
        }
        if (step < 0) {
            return fewestMisses(program, at + 1, sets, ways);
        }
        if (set.size() < ways) {
            set.add(page);
            final int rest = fewestMisses(program, at + 1, sets, ways);
            set.remove(set.size() - 1);
            return 1 + rest;
        }
        int fewest = Integer.MAX_VALUE;
        for (int way = 0; way < ways; way++) {
            final int victim = set.set(way, page);
            fewest = Math.min(fewest, 1 + fewestMisses(program, at + 1, sets, ways));
            set.set(way, victim);
        }
        return fewest;
    }

    @ParameterizedTest(name = "{0}x{1} {2} pages")
    @CsvSource({"1,2,3", "1,2,5", "1,3,4", "1,3,6", "1,4,5", "1,4,8", "2,2,6", "2,2,8", "3,2,9"})
    void shouldMissAsRarelyAsTheBestOfAllChoices(final int sets, final int ways, final int pages) {
        for (int seed = 0; seed < 400; seed++) {
            final List<Integer> program = program(new SplittableRandom(seed), 12, pages);
            final List<List<Integer>> empty = new ArrayList<>();
            for (int set = 0; set < sets; set++) {
                empty.add(new ArrayList<>());
            }

            final long misses = misses(program, geometry(sets, ways, ReplacementPolicy.ORACLE));

            assertThat(misses)
                    .as("seed %d, program %s", seed, program)
                    .isEqualTo(fewestMisses(program, 0, empty, ways));
        }
    }

    @ParameterizedTest(name = "{0}x{1} {2} pages")
    @CsvSource({"1,2,6", "1,16,40", "1,17,60", "1,64,200", "1,300,700", "8,4,80", "7,3,50", "64,4,600"})
    void shouldMissNoMoreOftenThanPoliciesThatKnowThePast(final int sets, final int ways, final int pages) {
        for (int seed = 0; seed < 10; seed++) {
            final List<Integer> program = program(new SplittableRandom(seed), 5000, pages);

            final long misses = misses(program, geometry(sets, ways, ReplacementPolicy.ORACLE));

            for (final ReplacementPolicy policy : ReplacementPolicy.online()) {
                assertThat(misses)
                        .as("seed %d, %s", seed, policy)
                        .isLessThanOrEqualTo(misses(program, geometry(sets, ways, policy)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 16, 65, 300})
    void shouldEvictTheFarthestNextUseAndTheFirstWayOfThoseThatHaveNone(final int ways) {
        final SplittableRandom random = new SplittableRandom(ways);
        final List<Integer> program = program(random, 4000, 2 * ways);
        final SetAssociativeCache cache = foreseeing(program, geometry(1, ways, ReplacementPolicy.ORACLE));

        final List<Integer> entries = run(program, cache);

        assertThat(entries).isEqualTo(naiveEntries(program, ways));
    }

    /** MIN in its plainest words: at an eviction, the program is read on for every way. */
    private static List<Integer> naiveEntries(final List<Integer> program, final int ways) {
        final Integer[] pages = new Integer[ways];
        final List<Integer> entries = new ArrayList<>();
        for (int at = 0; at < program.size(); at++) {
            final int step = program.get(at);
            if (step < 0) {
                final int way = Arrays.asList(pages).indexOf(~step);
                if (way >= 0) {
                    pages[way] = null;
                }
                continue;
            }
            int way = Arrays.asList(pages).indexOf(step);
            if (way < 0) {
                way = Arrays.asList(pages).indexOf(null);
            }
            if (way < 0) {
                way = 0;
                for (int other = 1; other < ways; other++) {
                    if (nextUse(program, at, pages[other]) > nextUse(program, at, pages[way])) {
                        way = other;
                    }
                }
            }
            pages[way] = step;
            entries.add(way);
        }
        return entries;
    }

    private static int nextUse(final List<Integer> program, final int from, final int page) {
        for (int at = from + 1; at < program.size(); at++) {
            if (program.get(at) == page) {
                return at;
            }
            if (program.get(at) == ~page) {
                break;
            }
        }
        return Integer.MAX_VALUE;
    }

    @Test
    void shouldMissOnlyOnceForEachPageThatFits() {
        final List<Integer> program = program(new SplittableRandom(3), 1000, 16).stream()
                .map(step -> step < 0 ? ~step : step)
                .toList();

        assertThat(misses(program, geometry(1, 16, ReplacementPolicy.ORACLE)))
                .isEqualTo(misses(program, geometry(1, 16, ReplacementPolicy.LRU)))
                .isEqualTo(16);
    }

    @Test
    void shouldTakeALookupThatFillsNothingForNoUse() {
        final Map<String, SetAssociativeCache> caches = new HashMap<>();
        final UseLog log = new UseLog();
        caches.put("recorded", new SetAssociativeCache("recorded", CacheGeometry.none()));
        caches.put("oracle", new SetAssociativeCache("oracle", geometry(1, 2, ReplacementPolicy.ORACLE)));
        caches.get("recorded").record(log);
        caches.get("oracle").foresee(log);

        for (final String name : List.of("recorded", "oracle")) {
            final SetAssociativeCache cache = caches.get(name);
            run(List.of(1, 2), cache);
            cache.lookup(tag(1), CONTEXT, 0); // not filled where it misses: its walk would end in a fault
            run(List.of(3, 2), cache);
        }

        final SetAssociativeCache oracle = caches.get("oracle");
        assertThat(oracle.isAsForeseen()).isTrue();
        assertThat(oracle.counters()).hasToString("lookups=5 hits=2 misses=3 fills=3 evictions=1 invalidations=0");
    }

    @Test
    void shouldNoticeAnotherProgram() {
        final CacheGeometry geometry = geometry(1, 2, ReplacementPolicy.ORACLE);
        final List<Integer> program = List.of(1, 2, 3, 1, 2);

        for (final List<Integer> other : List.of(List.of(1, 2, 3, 2, 1), List.of(1, 2, 3), List.of(1, 2, 3, 1, 2, 4))) {
            final SetAssociativeCache cache = foreseeing(program, geometry);
            run(other, cache);
            assertThat(cache.isAsForeseen()).as("%s", other).isFalse();
        }
    }

    @Test
    void shouldRecordOnlyWhatDoesNotDependOnItself() {
        final SetAssociativeCache cache = new SetAssociativeCache("IOTLB", geometry(1, 2, ReplacementPolicy.LRU));

        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> cache.record(new UseLog()))
                .withMessageContaining("IOTLB");
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> cache.foresee(new UseLog()))
                .withMessageContaining("lru");
    }

    @Test
    void shouldNotGuessTheFuture() {
        final SetAssociativeCache cache = new SetAssociativeCache("IOTLB", geometry(1, 2, ReplacementPolicy.ORACLE));

        assertThatNullPointerException()
                .isThrownBy(() -> cache.fill(tag(1), CONTEXT, 1, 0, 0))
                .withMessageContaining("oracle");
    }

    @Test
    void shouldSeemToHoldEverythingWhileItRecords() {
        final SetAssociativeCache cache = new SetAssociativeCache("recorded", CacheGeometry.none());
        cache.record(new UseLog());
        run(List.of(1, 2, 3, 4, 4, 5, 2), cache);

        assertThat(cache.size()).isEqualTo(5);
        assertThat(cache.invalidate(tag(3), CONTEXT, 3)).isTrue();
        assertThat(cache.invalidate(tag(3), CONTEXT, 3)).isFalse();
        assertThat(cache.invalidateIf((tag0, tag1, value0, value1) -> tag0 >= tag(4) && value0 == 1 && value1 == 2))
                .isEqualTo(2);
        final List<Long> left = new ArrayList<>();
        cache.forEach((entry, tag0, tag1, value0, value1) -> left.add(tag0));
        assertThat(left).containsExactlyInAnyOrder(tag(1), tag(2));
        assertThat(cache.invalidateAll()).isEqualTo(2);
        assertThat(cache.size()).isZero();
    }
}
