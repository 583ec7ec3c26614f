// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

/**
 * What an IOMMU costs. All times in ps.
 *
 * @param lookup the IOTLB's lookup
 * @param walk what a walk takes besides reading tables
 * @param tables what reading tables takes
 * @param reads how many reads are inside the IOMMU, which they leave in order
 * @param writes the same of posted writes
 */
public record TimingParameters(Lookup lookup, Walk walk, Tables tables, int reads, int writes) {
    /** Checks the ranges. */
    public TimingParameters {
        atLeast("reads inside the IOMMU", reads, 1);
        atLeast("writes inside the IOMMU", writes, 1);
    }

    /**
     * A lookup.
     *
     * @param ports lookups that can begin at once
     * @param interval after how long a port can begin another
     * @param latency from its begin to its answer
     */
    public record Lookup(int ports, long interval, long latency) {
        /** Checks the ranges. */
        public Lookup {
            atLeast("lookup ports", ports, 1);
            atLeast("lookup interval", interval, 0);
            atLeast("lookup latency", latency, 0);
        }
    }

    /**
     * Walks.
     *
     * @param walkers how many can be under way at once
     * @param readWalkers how many of those on behalf of reads
     * @param before from the miss to the first read
     * @param after from the last read to the answer; the walker is free already
     * @param recovery how much longer than to the last read a walker is busy
     * @param serialLeafTables whether walks that end in the same leaf table follow one another
     */
    public record Walk(
            int walkers, int readWalkers, long before, long after, Recovery recovery, boolean serialLeafTables) {
        /** Checks the ranges. */
        public Walk {
            atLeast("walkers", walkers, 1);
            atLeast("walkers for reads", readWalkers, 1);
            atLeast("time before a walk's first read", before, 0);
            atLeast("time after a walk's last read", after, 0);
        }
    }

    /**
     * For how long a walker is busy after its last read.
     *
     * @param always whatever the request
     * @param largeReads so much longer for large reads
     * @param largeFrom from how many bytes a read is large
     * @param writes so much longer for writes
     */
    public record Recovery(long always, long largeReads, int largeFrom, long writes) {
        /** None. */
        public static final Recovery NONE = new Recovery(0, 0, Integer.MAX_VALUE, 0);

        /** Checks the ranges. */
        public Recovery {
            atLeast("recovery of a walker", always, 0);
            atLeast("recovery after large reads", largeReads, 0);
            atLeast("size of large reads", largeFrom, 1);
            atLeast("recovery after writes", writes, 0);
        }

        /** The time for a request. */
        long of(boolean write, int bytes) {
            return always + (write ? writes : bytes >= largeFrom ? largeReads : 0);
        }
    }

    /**
     * Table reads.
     *
     * @param latency of a read of a structure or descriptor
     * @param slowFraction share of reads that take longer, 0 to 1
     * @param slowExtra how much longer
     * @param seed of the choice which do
     */
    public record Tables(long latency, double slowFraction, long slowExtra, long seed) {
        /** Checks the ranges. */
        public Tables {
            atLeast("latency of table reads", latency, 0);
            atLeast("extra latency of slow table reads", slowExtra, 0);
            if (!(slowFraction >= 0 && slowFraction <= 1)) {
                throw new IllegalArgumentException(
                        "share of slow table reads is " + slowFraction + ", expected 0 to 1");
            }
        }
    }

    private static void atLeast(String what, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(what + " is " + value + ", expected at least " + least);
        }
    }
}
