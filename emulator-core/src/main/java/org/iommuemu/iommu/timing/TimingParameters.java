// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

/**
 * What an IOMMU costs. All times in ps.
 *
 * @param lookups of TLBs and configuration
 * @param walk what a walk takes besides reading tables
 * @param tables what reading tables takes
 * @param ordering who leaves after whom
 * @param commands what software's commands take
 * @param prefetch what is walked before anybody asks
 */
public record TimingParameters(
        LookupParameters lookups,
        WalkParameters walk,
        TableMemoryParameters tables,
        Ordering ordering,
        Commands commands,
        Prefetch prefetch) {

    /** An IOMMU without micro-TLBs, prefetch or a cost of commands, in which transactions of each kind leave in order. */
    public TimingParameters(
            LookupParameters lookups, WalkParameters walk, TableMemoryParameters tables, int reads, int writes) {
        this(lookups, walk, tables, new Ordering(reads, writes, Ordering.Scope.ALL), Commands.FREE, Prefetch.NONE);
    }

    /**
     * The windows through which transactions go.
     *
     * @param reads how many reads are inside at once
     * @param writes the same of posted writes
     * @param scope who leaves in order
     */
    public record Ordering(int reads, int writes, Scope scope) {
        /** Who leaves in the order of entering. */
        public enum Scope {
            /** Whatever the stream: one window for all. */
            ALL,
            /** Each stream by itself, with a window of its own. */
            STREAM,
            /** Nobody: a window for all, which each leaves when it is ready. */
            NONE
        }

        /** Checks the ranges. */
        public Ordering {
            atLeast("reads inside the IOMMU", reads, 1);
            atLeast("writes inside the IOMMU", writes, 1);
        }
    }

    /**
     * Commands, which are executed one after the other.
     *
     * @param fetch of each command
     * @param execute of each command
     * @param invalidate of each invalidation besides
     * @param lookupsBlocked for how long an invalidation takes a lookup port
     * @param sync of a command that waits, after what it has waited for
     */
    public record Commands(long fetch, long execute, long invalidate, long lookupsBlocked, long sync) {
        /** Commands that take no time. */
        public static final Commands FREE = new Commands(0, 0, 0, 0, 0);

        /** Checks the ranges. */
        public Commands {
            atLeast("fetch of a command", fetch, 0);
            atLeast("execution of a command", execute, 0);
            atLeast("invalidation", invalidate, 0);
            atLeast("lookups blocked by an invalidation", lookupsBlocked, 0);
            atLeast("end of a command that waits", sync, 0);
        }
    }

    /**
     * Translations fetched before anybody asks: of the pages behind one that missed.
     *
     * @param depth how many; 0 for none
     * @param onHit whether the first use of one that was fetched so counts as a miss here, so that a sequence goes on
     */
    public record Prefetch(int depth, boolean onHit) {
        /** None. */
        public static final Prefetch NONE = new Prefetch(0, false);

        /** Checks the ranges. */
        public Prefetch {
            atLeast("pages fetched ahead", depth, 0);
        }
    }

    static void atLeast(String what, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(what + " is " + value + ", expected at least " + least);
        }
    }
}
