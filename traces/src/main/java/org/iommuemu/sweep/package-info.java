// SPDX-License-Identifier: Apache-2.0
/**
 * Many replays of DMA traces, each on a machine of its own: {@link org.iommuemu.sweep.SweepFile} says which, {@link
 * org.iommuemu.sweep.SweepPlan} lists them as points, {@link org.iommuemu.sweep.PointFunction} makes a point a result and knows nothing
 * of how the points are spread, {@link org.iommuemu.sweep.LocalEngine} runs them on the threads of this machine, and {@link
 * org.iommuemu.sweep.PointStore} keeps what is finished. May use everything that a replay needs, and no report.
 */
@NullMarked
package org.iommuemu.sweep;

import org.jspecify.annotations.NullMarked;
