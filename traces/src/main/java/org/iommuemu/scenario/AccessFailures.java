// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

/** What a machine's architecture has for a memory access that failed. */
interface AccessFailures {
    /** A step is about to be run. */
    void before();

    /** What has become of the failed access in the step that was run, or an empty string if nothing that the architecture has. */
    String outcome(Step step, ScenarioDevices devices);
}
