// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.concurrent.TimeUnit;
import org.iommuemu.cache.CacheCounters;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Streams in turn, one page each, which the IOTLB holds: with a configuration cache that holds all streams, and with one that
 * holds so few that the structures (STE and CD; context entry, PASID entry) are fetched every time. A fetch makes a new context, so it allocates.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class ConfigurationBenchmark {
    private static final int WAYS = 4;
    private static final int STREAMS = 64;

    /** Who translates. */
    @Param
    public Architecture architecture;

    /** Entries of the configuration cache: all hits, all misses. */
    @Param({"64", "16"})
    public int entries;

    private BenchmarkMachine machine;
    private Traffic traffic;

    /** Sets the machine up and goes round once. */
    @Setup(Level.Trial)
    public void setUp() {
        CacheGeometry geometry = CacheGeometry.of(entries / WAYS, WAYS, ReplacementPolicy.LRU);
        CacheConfiguration caches = CacheConfiguration.standard().withConfiguration(geometry);
        machine = architecture.machine(Workload.of(caches, STREAMS, 1));
        traffic = new Traffic(machine, Traffic.cyclic(STREAMS), STREAMS);
        traffic.warmUp();
        machine.resetCounters();
    }

    /** The configuration cache hit always or never, the IOTLB always. */
    @TearDown(Level.Trial)
    public void tearDown() {
        BenchmarkMachine.require("translated", traffic.sent(), machine.translated());
        CacheCounters configurations = machine.configurations();
        BenchmarkMachine.require("configuration lookups", traffic.sent(), configurations.lookups());
        BenchmarkMachine.require(
                "configuration misses", entries < STREAMS ? traffic.sent() : 0, configurations.misses());
        BenchmarkMachine.require("IOTLB hits", traffic.sent(), machine.iotlb().hits());
        machine.close();
    }

    /** The next stream's transaction. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long streamsInTurn() {
        return traffic.batch();
    }
}
