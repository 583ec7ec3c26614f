// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

/**
 * One comparison.
 *
 * @param at where in the series
 * @param measured by those who published it
 * @param model what the model says
 */
public record Point(Position at, double measured, double model) {
    /** By how much the model is off, relative to what was measured. */
    public double relativeError() {
        return measured == 0 ? model == 0 ? 0 : Double.POSITIVE_INFINITY : model / measured - 1;
    }

    /** By how much the model is off, in the unit of both. */
    public double error() {
        return model - measured;
    }
}
