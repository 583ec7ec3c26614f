// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.Arrays;
import java.util.SplittableRandom;

/** In which order pages come; a fixed sequence that starts over at its end. */
public enum Order {
    /** Upwards, over and over. */
    CYCLIC {
        @Override
        int[] of(int pages) {
            return Traffic.cyclic(pages);
        }
    },
    /** Shuffled, the same over and over. */
    SHUFFLED {
        @Override
        int[] of(int pages) {
            return Traffic.shuffled(pages);
        }
    },
    /** Drawn by Zipf's law: the n-th most popular page n times as rarely as the first. Popular pages lie anywhere. */
    ZIPF {
        @Override
        int[] of(int pages) {
            return zipf(pages, Math.max(pages, LEAST_DRAWN));
        }
    };

    private static final int LEAST_DRAWN = 1 << 16;
    private static final long SEED = 0x21_9F;

    /** Pages below a number, a multiple of {@link Traffic#BATCH} of them. */
    abstract int[] of(int pages);

    /** Each draw looks a uniform number up among the sums of 1/n. */
    private static int[] zipf(int pages, int count) {
        double[] sums = new double[pages];
        double sum = 0;
        for (int rank = 0; rank < pages; rank++) {
            sum += 1.0 / (rank + 1);
            sums[rank] = sum;
        }
        int[] places = Traffic.shuffled(pages);
        int[] order = new int[count];
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < count; i++) {
            int found = Arrays.binarySearch(sums, random.nextDouble() * sum);
            order[i] = places[Math.min(pages - 1, found < 0 ? -found - 1 : found)];
        }
        return order;
    }
}
