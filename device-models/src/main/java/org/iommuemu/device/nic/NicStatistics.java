// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import java.util.Arrays;

/** What a card has counted, by queue. */
public final class NicStatistics {
    private final long[][] counts;

    NicStatistics(int queues) {
        counts = new long[NicCounter.values().length][queues];
    }

    void count(NicCounter what, int queue) {
        counts[what.ordinal()][queue]++;
    }

    void add(NicCounter what, int queue, long number) {
        counts[what.ordinal()][queue] += number;
    }

    void reset() {
        for (long[] of : counts) {
            Arrays.fill(of, 0);
        }
    }

    /** Of one queue. */
    public long of(NicCounter what, int queue) {
        return counts[what.ordinal()][queue];
    }

    /** Of all queues. */
    public long of(NicCounter what) {
        long sum = 0;
        for (long n : counts[what.ordinal()]) {
            sum += n;
        }
        return sum;
    }
}
