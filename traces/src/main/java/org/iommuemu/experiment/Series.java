// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.List;

/**
 * Points that are judged together.
 *
 * @param name a system, an operation and a size
 * @param unit of the points
 * @param preset of the machine that was run, or {@link #NO_PRESET}
 */
public record Series(String name, String unit, String preset, Tolerance tolerance, List<Point> points) {
    /** Where nothing of a preset has a part in the points. */
    public static final String NO_PRESET = "";

    /** Takes a copy. */
    public Series {
        points = List.copyOf(points);
    }

    /** Whether all is within the tolerance. */
    public boolean holds() {
        return tolerance.holds(points);
    }
}
