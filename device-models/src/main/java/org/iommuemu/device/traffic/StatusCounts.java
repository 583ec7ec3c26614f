// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import org.iommuemu.ats.DmaChannel;

/** How accesses have ended. */
public final class StatusCounts {
    private final long[] counts = new long[DmaChannel.Status.values().length];

    void count(DmaChannel.Status status) {
        counts[status.ordinal()]++;
    }

    /** How many have ended so. */
    public long of(DmaChannel.Status status) {
        return counts[status.ordinal()];
    }

    /** All of them. */
    public long total() {
        long sum = 0;
        for (long n : counts) {
            sum += n;
        }
        return sum;
    }
}
