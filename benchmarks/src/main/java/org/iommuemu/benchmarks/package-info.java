// SPDX-License-Identifier: Apache-2.0
/**
 * JMH benchmarks of the transaction path. Every one drives a machine that was set up as software sets one up, through the
 * public {@link org.iommuemu.smmuv3.SmmuV3#translate}, and at the end of a trial holds the machine's own counters against
 * what it claims to measure. Start with {@link org.iommuemu.benchmarks.BenchmarkMachine}, then
 * {@link org.iommuemu.benchmarks.HitBenchmark}; {@link org.iommuemu.benchmarks.YardstickBenchmark} is what the others are
 * divided by.
 */
@NullMarked
package org.iommuemu.benchmarks;

import org.jspecify.annotations.NullMarked;
