// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.stat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages in windows, held against sets of what was used in each. */
class WorkingSetTest {
    private record Use(int page, long at) {}

    private static List<Long> naive(List<Use> uses, long window) {
        List<Long> counts = new ArrayList<>();
        Set<Integer> pages = new HashSet<>();
        for (Use use : uses) {
            while (use.at / window > counts.size()) {
                counts.add((long) pages.size());
                pages.clear();
            }
            pages.add(use.page);
        }
        return counts;
    }

    /** Time passes by 0 to twice the step, and by much more now and then. */
    @ParameterizedTest
    @ValueSource(longs = {1, 5, 100, 1_000_000})
    void shouldCountPagesInWindows(long step) {
        RandomStream random = new RandomStream(step);
        WorkingSet set = new WorkingSet(2);
        List<Use> uses = new ArrayList<>();
        long at = 0;
        for (int i = 0; i < 20_000; i++) {
            at += random.nextBelow(1000) == 0 ? random.nextBelow(300 * step) : random.nextBelow(2 * step + 1);
            Use use = new Use((int) (random.nextBelow(60) * (1 + i / 8000)), at);
            uses.add(use);
            set.use(use.page, use.at);
        }

        List<Long> expected = naive(uses, set.window());
        assertThat(expected).hasSizeBetween(WorkingSet.MOST_WINDOWS / 2 - 1, WorkingSet.MOST_WINDOWS);
        assertThat(set.pages())
                .containsExactly(expected.stream().mapToLong(n -> n).toArray());
    }

    @Test
    void shouldTellTheFirstUse() {
        WorkingSet set = new WorkingSet(0);

        assertThat(set.use(5, 0)).isTrue();
        assertThat(set.use(5, 9)).isFalse();
        assertThat(set.use(4, 1L << 50)).isTrue();
        assertThat(set.use(5, 1L << 50)).isFalse();
    }

    @Test
    void shouldHaveOneWindowAtLeast() {
        WorkingSet set = new WorkingSet(10);
        assertThat(set.pages()).isEmpty();
        assertThat(set.mean()).isZero();

        set.use(1, 3);
        set.use(2, 4);

        assertThat(set.pages()).containsExactly(2);
        assertThat(set.window()).isEqualTo(1024);
    }
}
