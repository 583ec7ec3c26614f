// SPDX-License-Identifier: Apache-2.0
/**
 * The performance monitor counter group of an SMMUv3 (IHI 0070 chapter 10): counters, filters, overflow, capture, interrupt.
 * {@link org.iommuemu.smmuv3.pmcg.CounterGroup} is the group with its register frame; what it counts it is told of by {@link
 * org.iommuemu.smmuv3.SmmuV3}. Uses {@code smmuv3.spec} and the floors below, not {@code smmuv3} itself.
 */
@NullMarked
package org.iommuemu.smmuv3.pmcg;

import org.jspecify.annotations.NullMarked;
