// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.util.List;

/**
 * What became of one resource.
 *
 * @param name of the resource
 * @param capacity the highest occupancy there can be; infinite for {@link SerialRegions}
 * @param uses how often it was used
 * @param busy what it was occupied, summed over its parts (slots, lanes, entries, regions), in ps
 * @param average occupancy, {@code busy} divided by the time asked for; above the capacity when that is shorter than what is
 *     booked
 * @param peak highest occupancy; for {@link Bandwidth} that of the fullest window
 * @param waits who used it and waited, in the order in which the waiters were made
 */
public record ResourceStatistics(
        String name, double capacity, long uses, long busy, double average, double peak, List<Waits> waits) {
    /** Waiting of all waiters together, in ps. */
    public long totalWait() {
        return waits.stream().mapToLong(Waits::total).sum();
    }
}
