// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import org.iommuemu.time.RandomStream;

/** What a read of a table costs: a latency, and for some reads, chosen by seed, a longer one. */
final class TableMemory {
    private final TimingParameters.Tables parameters;
    private final RandomStream random;
    private long reads;
    private long slow;

    TableMemory(TimingParameters.Tables parameters) {
        this.parameters = parameters;
        random = new RandomStream(parameters.seed());
    }

    /** Reads what a walk or a fetch under way wants next; returns when it is there. */
    long read(long at) {
        reads++;
        if (parameters.slowFraction() > 0 && random.nextDouble() < parameters.slowFraction()) {
            slow++;
            return at + parameters.latency() + parameters.slowExtra();
        }
        return at + parameters.latency();
    }

    long reads() {
        return reads;
    }

    long slowReads() {
        return slow;
    }
}
