// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import org.iommuemu.time.Picoseconds;

/**
 * What a function does about missing pages, where PRI is enabled. All times in ps.
 *
 * @param groupPages pages that one group asks for at most: the missing one and those of the transfer behind it
 * @param retries how often a page is requested for one access
 * @param retryDelay from a response to the Translation Request that follows
 * @param responseTimeout after which a group counts as not answered
 */
public record PageRequestParameters(int groupPages, int retries, long retryDelay, long responseTimeout) {

    /** Checks the ranges. */
    public PageRequestParameters {
        if (groupPages < 1 || retries < 1) {
            throw new IllegalArgumentException("a group and retries of Page Requests must be at least 1");
        }
        if (retryDelay < 0 || responseTimeout < 1) {
            throw new IllegalArgumentException("times of Page Requests must be positive, the delay may be 0");
        }
    }

    /** Single pages, 4 times, given up after a second. */
    public static PageRequestParameters standard() {
        return new PageRequestParameters(1, 4, 0, Picoseconds.ofNanoseconds(1_000_000_000L));
    }
}
