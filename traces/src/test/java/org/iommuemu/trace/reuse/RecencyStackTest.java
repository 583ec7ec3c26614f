// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.reuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Places in the stack, held against caches of every size that are simulated one by one. */
class RecencyStackTest {
    private static final int LARGEST = 64;

    /** An LRU cache as plainly as can be: pages in the order of their last use. */
    private static final class NaiveCache {
        private final List<Integer> pages = new ArrayList<>();
        private final int capacity;

        private NaiveCache(int capacity) {
            this.capacity = capacity;
        }

        boolean access(int page) {
            boolean hit = pages.remove((Integer) page);
            pages.add(page);
            if (pages.size() > capacity) {
                pages.remove(0);
            }
            return hit;
        }

        void invalidate(int page) {
            pages.remove((Integer) page);
        }
    }

    @Test
    void shouldGiveTheNumberOfPagesSinceTheLastUse() {
        RecencyStack stack = new RecencyStack();

        assertThat(List.of(
                        stack.access(0),
                        stack.access(1),
                        stack.access(2),
                        stack.access(0),
                        stack.access(0),
                        stack.access(1),
                        stack.access(2)))
                .containsExactly(0, 0, 0, 3, 1, 3, 3);
    }

    /** After 0, 1, 2 the last is dropped. A cache of two then holds 1 and takes 0 beside it; one of three has had 0 all the time. */
    @Test
    void shouldLetAnAccessFromBehindFillAHole() {
        RecencyStack stack = new RecencyStack();
        stack.access(0);
        stack.access(1);
        stack.access(2);
        stack.remove(2);

        assertThat(stack.access(0)).isEqualTo(3);
        assertThat(stack.access(1)).isEqualTo(2);
        assertThat(stack.access(3)).isEqualTo(RecencyStack.ABSENT);
        assertThat(stack.access(0)).isEqualTo(3);
    }

    @Test
    void shouldKnowWhatIsThere() {
        RecencyStack stack = new RecencyStack();
        stack.access(7);
        stack.access(9);

        assertThat(stack.remove(9)).isTrue();
        assertThat(stack.remove(9)).isFalse();
        assertThat(stack.remove(1 << 20)).isFalse();
        assertThat(stack.contains(7)).isTrue();
        assertThat(stack.contains(8)).isFalse();
        assertThat(stack.size()).isEqualTo(1);
    }

    /** Shares of invalidations from none to one half, few pages and many, often the recent ones. */
    @ParameterizedTest
    @CsvSource({"1, 40, 0", "2, 40, 5", "3, 40, 50", "4, 100, 10", "5, 100, 30", "6, 300, 1", "7, 9, 40", "8, 70, 49"})
    void shouldMissAsCachesOfEverySize(long seed, int pages, int invalidations) {
        RandomStream random = new RandomStream(seed);
        RecencyStack stack = new RecencyStack();
        List<NaiveCache> naive = new ArrayList<>();
        List<SetAssociativeCache> own = new ArrayList<>();
        for (int size = 1; size <= LARGEST; size++) {
            naive.add(new NaiveCache(size));
            own.add(new SetAssociativeCache(
                    "size " + size, CacheGeometry.fullyAssociative(size, ReplacementPolicy.LRU)));
        }
        int recent = 0;

        for (int step = 0; step < 30_000; step++) {
            int page = random.nextBelow(4) == 0 ? recent : (int) random.nextBelow(pages);
            if (random.nextBelow(100) < invalidations) {
                stack.remove(page);
                naive.forEach(cache -> cache.invalidate(page));
                own.forEach(cache -> cache.invalidate(page, 0, 0));
                continue;
            }
            recent = page;
            int place = stack.access(page);
            for (int size = 1; size <= LARGEST; size++) {
                boolean hit = place != RecencyStack.ABSENT && place <= size;
                SetAssociativeCache cache = own.get(size - 1);
                boolean held = cache.lookup(page, 0, 0) >= 0;
                cache.fill(page, 0, 0, 0, 0);
                assertThat(hit)
                        .as("step %d, page %d, size %d, place %d", step, page, size, place)
                        .isEqualTo(naive.get(size - 1).access(page))
                        .isEqualTo(held);
            }
        }
    }

    /** More pages than there are slots at first, and many times as many accesses; memory must not grow with these. */
    @Test
    void shouldKeepPlacesWhenSlotsMoveTogether() {
        int pages = 20_000;
        RecencyStack stack = new RecencyStack();
        for (int page = 0; page < pages; page++) {
            stack.access(page);
        }

        for (int round = 0; round < 20; round++) {
            for (int page = 0; page < pages; page++) {
                assertThat(stack.access(page)).isEqualTo(pages);
            }
        }
        for (int page = pages - 1; page >= 0; page--) {
            assertThat(stack.access(page)).isEqualTo(pages - page);
        }
    }
}
