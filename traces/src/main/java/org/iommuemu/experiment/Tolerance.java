// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.List;
import java.util.Locale;

/**
 * How far a series may be off: in the mean of the absolute errors, and at each point.
 *
 * @param mean limit of the mean; infinite if there is none
 * @param any limit of each point
 * @param relative whether the limits are shares of what was measured, or in its unit
 */
public record Tolerance(double mean, double any, boolean relative) {
    private static final double PERCENT = 100;

    /** Limits in percent of what was measured. */
    static Tolerance percent(double mean, double any) {
        return new Tolerance(mean / PERCENT, any / PERCENT, true);
    }

    /** A limit of each point in percent of what was measured. */
    static Tolerance percent(double any) {
        return percent(Double.POSITIVE_INFINITY, any);
    }

    /** A limit of each point in the unit of what was measured. */
    static Tolerance absolute(double any) {
        return new Tolerance(Double.POSITIVE_INFINITY, any, false);
    }

    /** The error of a point, as a share or in its unit, with its sign. */
    public double errorOf(Point p) {
        return relative ? p.relativeError() : p.error();
    }

    /** Mean of the absolute errors. */
    public double meanOf(List<Point> points) {
        return points.stream().mapToDouble(p -> Math.abs(errorOf(p))).average().orElse(0);
    }

    /** Largest absolute error. */
    public double mostOf(List<Point> points) {
        return points.stream().mapToDouble(p -> Math.abs(errorOf(p))).max().orElse(0);
    }

    /** The lowest that the model may say at a point, in the unit of what was measured. */
    public double lowest(Point p) {
        return p.measured() - allowed(p);
    }

    /** The highest that the model may say at a point, in the unit of what was measured. */
    public double highest(Point p) {
        return p.measured() + allowed(p);
    }

    private double allowed(Point p) {
        return relative ? any * Math.abs(p.measured()) : any;
    }

    /** Whether a point is within. */
    public boolean holds(Point p) {
        return Math.abs(errorOf(p)) <= any;
    }

    /** Whether a series is within. */
    public boolean holds(List<Point> points) {
        return meanOf(points) <= mean && mostOf(points) <= any;
    }

    /** The limits, for people. */
    public String text() {
        String each = "any " + shown(any);
        return Double.isInfinite(mean) ? each : "mean " + shown(mean) + ", " + each;
    }

    /** An error, for people. */
    public String shown(double error) {
        return relative
                ? String.format(Locale.ROOT, "%.1f %%", error * PERCENT)
                : String.format(Locale.ROOT, "%.1f", error);
    }
}
