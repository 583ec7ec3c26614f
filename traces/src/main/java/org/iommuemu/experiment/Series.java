// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.List;

/**
 * Points that are judged together.
 *
 * @param name a system, an operation and a size
 * @param unit of the points
 */
public record Series(String name, String unit, Tolerance tolerance, List<Point> points) {
    /** Takes a copy. */
    public Series {
        points = List.copyOf(points);
    }

    /** Whether all is within the tolerance. */
    public boolean holds() {
        return tolerance.holds(points);
    }
}
