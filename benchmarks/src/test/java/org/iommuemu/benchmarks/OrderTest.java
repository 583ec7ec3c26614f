// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Orders of pages, and what is reckoned of them. */
class OrderTest {
    private static final int PAGES = 512;

    @ParameterizedTest
    @EnumSource
    void shouldBeTheSameEveryTimeAndOfWholeBatches(Order order) {
        int[] pages = order.of(PAGES);

        assertThat(pages.length % Traffic.BATCH).isZero();
        assertThat(order.of(PAGES)).isEqualTo(pages);
        assertThat(Arrays.stream(pages)).allMatch(page -> page >= 0 && page < PAGES);
    }

    @ParameterizedTest
    @EnumSource(names = {"CYCLIC", "SHUFFLED"})
    void shouldNameEveryPageEquallyOften(Order order) {
        int[] often = often(order);

        assertThat(often).containsOnly(2);
    }

    @Test
    void shouldNameThePageOfARankAsRarelyAsZipfSays() {
        int[] often = often(Order.ZIPF);

        Arrays.sort(often);
        double harmonic =
                IntStream.rangeClosed(1, PAGES).mapToDouble(n -> 1.0 / n).sum();
        for (int rank : new int[] {1, 2, 4, 8, 16}) {
            double expected = 65_536 / harmonic / rank;
            assertThat((double) often[PAGES - rank]).as("rank %d", rank).isCloseTo(expected, withinPercentage(8));
        }
    }

    private static int[] often(Order order) {
        int[] often = new int[PAGES];
        for (int page : order.of(PAGES)) {
            often[page]++;
        }
        return often;
    }

    /**
     * Pages in turn, all in one set or in two. A set of four ways holds four; of five in turn none is there in time, but that a round
     * that ends early starts over with pages used just before. Of nine, the four odd ones have a set for themselves.
     */
    @ParameterizedTest
    @CsvSource({"4,1,1024", "5,1,4", "8,2,1024", "10,2,4", "9,2,459"})
    void shouldReckonHitsOfAListInOrderOfUse(int pages, int sets, long expected) {
        int[] order = new int[Traffic.BATCH];
        Arrays.setAll(order, i -> i % pages);

        ExpectedHits hits = new ExpectedHits(order, sets, 4);

        assertThat(hits.among(Traffic.BATCH)).isEqualTo(expected);
        assertThat(hits.among(3L * Traffic.BATCH)).isEqualTo(3 * expected);
    }
}
