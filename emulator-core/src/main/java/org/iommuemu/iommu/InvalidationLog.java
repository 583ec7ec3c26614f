// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.ArrayDeque;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/** The last invalidations, to tell why a translation is stale. */
final class InvalidationLog {
    private static final int MOST = 4096;

    /** How much too short a range may be to count as too narrow: granules of 4 KiB in place of 64 KiB. */
    private static final int REACH = 16;

    private record Entry(long sequence, InvalidationScope scope) {}

    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private @Nullable InvalidationScope closest;

    /** Notes an invalidation. */
    void add(long sequence, InvalidationScope scope) {
        if (entries.size() == MOST) {
            entries.removeFirst();
        }
        entries.addLast(new Entry(sequence, scope.copy()));
    }

    /**
     * What was wrong with the invalidations since a change; {@link #closest()} is then the one that came closest.
     *
     * @param change sequence number of the change
     * @param tag tag of the translation's address space
     * @param global whether all address spaces share it
     * @param second the second stage behind them, or null
     * @param ofSecond whether it is a table of the second stage that was changed
     * @param first first address of the page
     * @param last last address of the page
     */
    StaleCause causeSince(
            long change,
            long tag,
            boolean global,
            @Nullable TableRoot second,
            boolean ofSecond,
            long first,
            long last) {
        StaleCause cause = StaleCause.MISSING;
        closest = null;
        for (Entry e : entries) {
            StaleCause found = e.sequence < change
                    ? StaleCause.MISSING
                    : cause(e.scope, tag, global, second, ofSecond, first, last);
            // The constants stand in the order of how close they come.
            if (found != StaleCause.MISSING && found.compareTo(cause) >= 0) {
                cause = found;
                closest = e.scope;
            }
        }
        return cause;
    }

    private static StaleCause cause(
            InvalidationScope s,
            long tag,
            boolean global,
            @Nullable TableRoot second,
            boolean ofSecond,
            long first,
            long last) {
        boolean named = s.names(tag, global);
        boolean covers = s.covers(first, last);
        boolean namesSecond = second != null && s.names(second.tag(), false);
        if (named) {
            if (!covers) {
                return isTooNarrow(s, first) ? StaleCause.TOO_NARROW : StaleCause.OTHER_ADDRESS;
            }
            if (ofSecond && !namesSecond) {
                return StaleCause.FIRST_STAGE_ONLY;
            }
            return s.isLeafOnly() ? StaleCause.LEAF_ONLY : StaleCause.INVALIDATED;
        }
        if (namesSecond) {
            return StaleCause.SECOND_STAGE_ONLY;
        }
        return covers && !s.isSideEffect() ? StaleCause.OTHER_ADDRESS_SPACE : StaleCause.MISSING;
    }

    /** Whether a range that does not cover a page begins before it and would reach it if it were {@link #REACH} times as long. */
    private static boolean isTooNarrow(InvalidationScope s, long page) {
        long length = s.last() - s.first() + 1;
        long distance = page - s.first();
        return s.first() != s.last()
                && Long.compareUnsigned(s.first(), page) < 0
                && Long.compareUnsigned(Long.divideUnsigned(distance, length), REACH) < 0;
    }

    /** The invalidation that came closest to the page, or null. */
    @Nullable
    InvalidationScope closest() {
        return closest;
    }
}
