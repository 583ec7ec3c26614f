// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks.result;

import org.jspecify.annotations.Nullable;

/**
 * What rows are held against.
 *
 * @param yardstick key of a row of the same run: what the host charges for the like; empty for none
 * @param floor key of a row of the same run: the memory accesses that cannot be done without; empty for none
 * @param aim the design's, in the row's own unit; NaN for none
 * @param peers what others take, in the row's own unit
 */
record Reference(String yardstick, String floor, double aim, String peers) {
    /** None of all this. */
    static final Reference NONE = new Reference("", "", Double.NaN, "");

    /** Time of a row as a multiple of another's of the same run; NaN where there is none. */
    static double multiple(Row row, ResultSet run, String key) {
        @Nullable Row other = key.isEmpty() ? null : run.find(key);
        return other == null ? Double.NaN : row.nanos() / other.nanos();
    }

    /** Time of a row as a multiple of what is aimed at; NaN where nothing is. */
    double multipleOfAim(Row row) {
        return row.isThroughput() ? aim / row.score() : row.score() / aim;
    }
}
