// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

/**
 * A step of what software and devices do on a whole machine. Its numbers are small: functions, PASIDs (0 for none) and pages count from 0.
 */
interface Operation extends Step<World> {}
