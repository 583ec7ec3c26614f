// SPDX-License-Identifier: Apache-2.0
/**
 * JMH benchmarks of the transaction path, invalidations, ATS, simulated time and traces. Those of the first three drive a machine that
 * was set up as software sets one up, and at the end of a trial hold the machine's own counters against what they claim to measure.
 * Start with {@link org.iommuemu.benchmarks.BenchmarkMachine} and {@link org.iommuemu.benchmarks.Architecture}, then {@link
 * org.iommuemu.benchmarks.HitBenchmark}; {@link org.iommuemu.benchmarks.YardstickBenchmark} and {@link
 * org.iommuemu.benchmarks.FloorBenchmark} are what the others are divided by. {@link org.iommuemu.benchmarks.EventQueueBenchmark}
 * and {@link org.iommuemu.benchmarks.ResourceBenchmark} need no machine. {@link org.iommuemu.benchmarks.MeasureCommand} runs the rows
 * of a {@link org.iommuemu.benchmarks.Profile}.
 */
@NullMarked
package org.iommuemu.benchmarks;

import org.jspecify.annotations.NullMarked;
