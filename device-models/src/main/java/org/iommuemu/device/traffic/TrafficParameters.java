// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

/**
 * When a generator accesses memory. All times in ps.
 *
 * @param accesses how many; negative for no end
 * @param outstanding closed loop: so many are kept under way; 0 for an open loop
 * @param interval open loop: mean time from one to the next
 * @param independent open loop: independently of each other (Poisson) instead of evenly
 * @param notice how long after the last byte has gone, or come, software sees that an access has ended, and takes buffers back; more than
 *     a write needs to memory
 * @param seed of the times
 */
public record TrafficParameters(
        long accesses, int outstanding, long interval, boolean independent, long notice, long seed) {
    /** Checks the ranges. */
    public TrafficParameters {
        boolean closed = outstanding > 0 && interval == 0;
        boolean open = outstanding == 0 && interval > 0;
        if (!closed && !open || notice < 0) {
            throw new IllegalArgumentException("outstanding " + outstanding + ", interval " + interval + ", notice "
                    + notice + ", expected either a number of outstanding accesses or an interval");
        }
    }

    /** So many under way at any time. */
    public static TrafficParameters closed(long accesses, int outstanding, long notice) {
        return new TrafficParameters(accesses, outstanding, 0, false, notice, 1);
    }

    /** One every so often. */
    public static TrafficParameters open(long accesses, long interval, long notice) {
        return new TrafficParameters(accesses, 0, interval, false, notice, 1);
    }
}
