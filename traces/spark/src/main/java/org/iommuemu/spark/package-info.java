// SPDX-License-Identifier: Apache-2.0
/**
 * Sweeps as jobs of Apache Spark, for those who outgrow a machine; see docs/scaling.md. {@link org.iommuemu.spark.SweepJob}
 * plans on the driver, hands each point as text to an executor, and writes what comes back; a point is what {@link
 * org.iommuemu.sweep.PointFunction} makes of it, here as there. May use everything; nothing uses it.
 */
@NullMarked
package org.iommuemu.spark;

import org.jspecify.annotations.NullMarked;
