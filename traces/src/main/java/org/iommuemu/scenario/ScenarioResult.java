// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import org.iommuemu.capture.OneLine;

/**
 * What came of a scenario.
 *
 * @param scenario which
 * @param status how it ended
 * @param step number of the step that differs, from 0, or −1
 * @param difference what differs; for a skipped one with the remark that excuses it
 */
public record ScenarioResult(Scenario scenario, Status status, int step, String difference) {
    /** How a scenario ended. */
    public enum Status {
        /** Every step as expected. */
        PASSED,
        /** A step differs. */
        FAILED,
        /** A step differs, and a remark of the recorder says that it may. */
        SKIPPED
    }

    /** One line for people. */
    public String text() {
        String where = step < 0 ? "" : ", step " + step;
        return scenario.place() + ": " + scenario.name() + where + ": " + OneLine.of(difference);
    }
}
