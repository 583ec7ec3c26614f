// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.List;

/** A published measurement, repeated on the model. */
public interface Experiment {
    /** Short name, such as {@code V3}. */
    String id();

    /** One line for people. */
    String title();

    /** What sets the points of a series apart, such as {@code window}; for the axis of a plot. */
    String across();

    /**
     * Runs.
     *
     * @param data where the measurements are
     * @return what came of it, a series for each curve; empty if the data have none that a preset stands for
     */
    List<Series> run(Measurements data);
}
