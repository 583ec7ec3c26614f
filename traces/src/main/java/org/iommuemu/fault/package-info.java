// SPDX-License-Identifier: Apache-2.0
/**
 * Fault plans as users write them: {@link org.iommuemu.fault.FaultPlanFile} reads YAML, {@link org.iommuemu.fault.FaultRuleReader} one
 * rule, of a plan or of a scenario's step.
 */
@NullMarked
package org.iommuemu.fault;

import org.jspecify.annotations.NullMarked;
