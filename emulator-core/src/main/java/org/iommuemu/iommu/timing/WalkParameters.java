// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

/**
 * What walks cost besides reading tables. All times in ps.
 *
 * @param walkers how many walks can be under way at once
 * @param readWalkers how many of those on behalf of reads
 * @param pending how many misses can be under way or wait for a walker; others wait where they are
 * @param merging whether who needs an entry whose walk is under way waits for that; else it walks again
 * @param before from the miss to the first read
 * @param after from the last read to the answer; the walker is free already
 * @param recovery how much longer than to the last read a walker is busy
 * @param hits what it takes to start from a cache
 * @param serialLeafTables whether walks that end in the same leaf table follow one another
 */
public record WalkParameters(
        int walkers,
        int readWalkers,
        int pending,
        boolean merging,
        long before,
        long after,
        Recovery recovery,
        Hits hits,
        boolean serialLeafTables) {
    /** Checks the ranges. */
    public WalkParameters {
        TimingParameters.atLeast("walkers", walkers, 1);
        TimingParameters.atLeast("walkers for reads", readWalkers, 1);
        TimingParameters.atLeast("misses under way", pending, 1);
        TimingParameters.atLeast("time before a walk's first read", before, 0);
        TimingParameters.atLeast("time after a walk's last read", after, 0);
    }

    /** Walks that start from caches for nothing and merge. */
    public WalkParameters(
            int walkers, int readWalkers, long before, long after, Recovery recovery, boolean serialLeafTables) {
        this(walkers, readWalkers, Integer.MAX_VALUE, true, before, after, recovery, Hits.FREE, serialLeafTables);
    }

    /**
     * What it takes to find something in a cache that a walk looks in; in ps.
     *
     * @param first in a walk cache of the tables that a transaction meets first
     * @param second in a walk cache of a second stage behind those
     * @param intermediate in the IPA cache
     */
    public record Hits(long first, long second, long intermediate) {
        /** No time. */
        public static final Hits FREE = new Hits(0, 0, 0);

        /** Checks the ranges. */
        public Hits {
            TimingParameters.atLeast("hit in a walk cache", first, 0);
            TimingParameters.atLeast("hit in a walk cache of stage 2", second, 0);
            TimingParameters.atLeast("hit in the IPA cache", intermediate, 0);
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
            TimingParameters.atLeast("recovery of a walker", always, 0);
            TimingParameters.atLeast("recovery after large reads", largeReads, 0);
            TimingParameters.atLeast("size of large reads", largeFrom, 1);
            TimingParameters.atLeast("recovery after writes", writes, 0);
        }

        /** The time for a request. */
        long of(boolean write, int bytes) {
            return always + (write ? writes : bytes >= largeFrom ? largeReads : 0);
        }
    }
}
