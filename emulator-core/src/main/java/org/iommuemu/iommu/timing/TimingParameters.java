// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

/**
 * What an IOMMU costs. All times in ps.
 *
 * @param lookup the IOTLB's lookup
 * @param walk what a walk takes besides reading tables
 * @param tables what reading tables takes
 * @param reads order and number of reads inside the IOMMU
 * @param writes the same for posted writes
 */
public record TimingParameters(Lookup lookup, Walk walk, Tables tables, Window reads, Window writes) {
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
     * @param before from the miss to the first read
     * @param after from the last read to the answer; the walker is free already
     * @param recovery how much longer than to the last read a walker is busy
     * @param serialLeafTables whether walks that end in the same leaf table follow one another
     */
    public record Walk(int walkers, long before, long after, long recovery, boolean serialLeafTables) {
        /** Checks the ranges. */
        public Walk {
            atLeast("walkers", walkers, 1);
            atLeast("time before a walk's first read", before, 0);
            atLeast("time after a walk's last read", after, 0);
            atLeast("recovery of a walker", recovery, 0);
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

    /**
     * A window that requests enter and leave in order.
     *
     * @param requests how many can be inside
     * @param largeRequests how many of the large ones
     * @param largeFrom from how many bytes a request is large
     */
    public record Window(int requests, int largeRequests, int largeFrom) {
        /** Checks the ranges. */
        public Window {
            atLeast("requests in the window", requests, 1);
            atLeast("large requests in the window", largeRequests, 1);
            atLeast("size of large requests", largeFrom, 1);
            if (largeRequests > requests) {
                throw new IllegalArgumentException("large requests in the window are " + largeRequests
                        + ", expected no more than all requests, " + requests);
            }
        }

        /** A window in which size makes no difference. */
        public static Window of(int requests) {
            return new Window(requests, requests, Integer.MAX_VALUE);
        }
    }

    private static void atLeast(String what, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(what + " is " + value + ", expected at least " + least);
        }
    }
}
