// SPDX-License-Identifier: Apache-2.0
/**
 * Faults as data: a {@link org.iommuemu.inject.FaultPlan} says what is to go wrong and when, a {@link
 * org.iommuemu.inject.FaultInjector} does it to a {@link org.iommuemu.platform.Platform} and writes down what it did. The same plan and
 * seed give the same run.
 */
@NullMarked
package org.iommuemu.inject;

import org.jspecify.annotations.NullMarked;
