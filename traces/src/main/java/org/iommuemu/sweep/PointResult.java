// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came of a point.
 *
 * @param point the point
 * @param values its figures, each a value of its column; those that do not apply are missing
 * @param failure why there are none, in one line; or null
 */
public record PointResult(
        SweepPoint point,
        Map<Metric, Long> values,
        @Nullable String failure) {
    /** Takes a copy. */
    public PointResult {
        Map<Metric, Long> copy = new EnumMap<>(Metric.class);
        copy.putAll(values);
        values = Collections.unmodifiableMap(copy);
    }

    /** A point that cannot be. */
    public static PointResult failed(SweepPoint point, String why) {
        return new PointResult(point, Map.of(), why);
    }

    /** Whether it has no figures. */
    public boolean isFailed() {
        return failure != null;
    }

    /** A figure as text; empty where there is none. */
    public String text(Metric m) {
        Long value = values.get(m);
        return value == null ? "" : m.text(value);
    }

    /** A figure as a number; NaN where there is none. */
    public double number(Metric m) {
        Long value = values.get(m);
        return value == null ? Double.NaN : m.number(value);
    }

    /** One line from which {@link #parse} makes it again, without the point. */
    public String line() {
        return ResultLine.of(this);
    }

    /**
     * The result of a point from its line.
     *
     * @throws IllegalArgumentException if it is no such line, or that of another point
     */
    public static PointResult parse(String line, SweepPoint point) {
        return ResultLine.parse(line, point);
    }
}
