// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

/**
 * What came of the comparison of flushes.
 *
 * @param byRing as a ring was full
 * @param exact by the timer, and nothing was unmapped between its tick and its interrupt
 * @param late by the timer, whose interrupt came so late that something was
 * @param early by the timer, before ours is due, for a reason that is known
 * @param different that do not agree
 * @param withinTick of those by the timer, how many came less than a jiffy after it was due
 * @param mostLate how late a timer's interrupt was at most, in µs
 */
public record FlushFigures(
        long byRing, long exact, long late, long early, long different, long withinTick, long mostLate) {
    /** All that were compared. */
    public long total() {
        return byRing + exact + late + early + different;
    }
}
