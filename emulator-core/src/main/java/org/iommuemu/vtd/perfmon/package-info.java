// SPDX-License-Identifier: Apache-2.0
/**
 * The performance monitor of a VT-d unit (VT-d architecture chapter 10): counters, filters, overflow, freezing. {@link
 * org.iommuemu.vtd.perfmon.PerformanceMonitor} is all of it; what it counts it is told of by {@link org.iommuemu.vtd.Vtd}. Uses
 * {@code vtd.spec} and the floors below, not {@code vtd} itself.
 */
@NullMarked
package org.iommuemu.vtd.perfmon;

import org.jspecify.annotations.NullMarked;
