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
 * One stream whose PASIDs take turns, each with an address space of its own, 1,024 pages in all, which the IOTLB holds. The
 * configuration cache of 64 contexts holds all PASIDs, or never the one that comes next: then CD, or PASID directory and PASID entry,
 * are fetched every time.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class PasidBenchmark {
    private static final int PAGES = 1024;
    private static final int CONTEXTS = 64;
    private static final int IOTLB_ENTRIES = 4096;
    private static final int WAYS = 4;

    /** Who translates. */
    @Param({"SMMUV3", "VTD_SCALABLE"})
    public Architecture architecture;

    /** Number of PASIDs. */
    @Param({"16", "1024"})
    public int pasids;

    private BenchmarkMachine machine;
    private Traffic traffic;

    /** Sets the machine up and goes round once. */
    @Setup(Level.Trial)
    public void setUp() {
        CacheConfiguration caches = CacheConfiguration.standard()
                .withConfiguration(CacheGeometry.of(CONTEXTS / WAYS, WAYS, ReplacementPolicy.LRU))
                .withIotlb(CacheGeometry.of(IOTLB_ENTRIES / WAYS, WAYS, ReplacementPolicy.LRU));
        machine = architecture.machine(Workload.of(caches, 1, PAGES / pasids).withPasids(pasids));
        traffic = new Traffic(machine, Traffic.cyclic(PAGES), pasids);
        traffic.warmUp();
        machine.resetCounters();
    }

    /** The IOTLB hit always, the configuration cache always or never. */
    @TearDown(Level.Trial)
    public void tearDown() {
        CacheCounters configurations = machine.configurations();
        BenchmarkMachine.require("translated", traffic.sent(), machine.translated());
        BenchmarkMachine.require("IOTLB hits", traffic.sent(), machine.iotlb().hits());
        BenchmarkMachine.require("configuration lookups", traffic.sent(), configurations.lookups());
        BenchmarkMachine.require(
                "configuration misses", pasids > CONTEXTS ? traffic.sent() : 0, configurations.misses());
        machine.close();
    }

    /** The next PASID's transaction. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long pasidsInTurn() {
        return traffic.batch();
    }
}
