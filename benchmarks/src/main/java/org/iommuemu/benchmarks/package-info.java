// SPDX-License-Identifier: Apache-2.0
/**
 * JMH benchmarks of the transaction path and of simulated time. Those of the path drive a machine that was set up as software
 * sets one up, through the public {@link org.iommuemu.iommu.Iommu#translate}, and at the end of a trial hold the machine's own
 * counters against what they claim to measure. Start with {@link org.iommuemu.benchmarks.BenchmarkMachine} and {@link org.iommuemu.benchmarks.Architecture}, then
 * {@link org.iommuemu.benchmarks.HitBenchmark}; {@link org.iommuemu.benchmarks.YardstickBenchmark} is what the others are
 * divided by. {@link org.iommuemu.benchmarks.EventQueueBenchmark} and {@link org.iommuemu.benchmarks.ResourceBenchmark} measure
 * what simulated time costs; they need no machine.
 */
@NullMarked
package org.iommuemu.benchmarks;

import org.jspecify.annotations.NullMarked;
