// SPDX-License-Identifier: Apache-2.0
/**
 * Scenarios: small programs of memory, register and DMA steps with what must come of them, a line of JSON each. {@link
 * org.iommuemu.scenario.ScenarioFile} reads them, {@link org.iommuemu.scenario.ScenarioRunner} runs them. docs/scenarios.md
 * describes the format for those who write their own.
 */
@NullMarked
package org.iommuemu.scenario;

import org.jspecify.annotations.NullMarked;
