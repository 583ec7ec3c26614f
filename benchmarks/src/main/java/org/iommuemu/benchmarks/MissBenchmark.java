// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.concurrent.TimeUnit;
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
 * The one-stage miss: configuration in its cache, an IOTLB far too small, four levels of 4 KiB tables walked from where the
 * walk caches allow, the IOTLB filled and an entry evicted.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Thread)
public class MissBenchmark {
    private static final int WAYS = 4;
    private static final int IOTLB_ENTRIES = 64;
    private static final int PAGES_OF_A_TABLE = 512;

    /** In which order pages come. */
    public enum Order {
        /** Upwards, over and over. */
        CYCLIC,
        /** Shuffled, the same over and over. */
        SHUFFLED
    }

    /** Who translates. */
    @Param
    public Architecture architecture;

    /** Working set in pages. */
    @Param({"512", "65536"})
    public int pages;

    /** Order of the pages. */
    @Param
    public Order order;

    /** Entries of the walk cache of each height: the standard, and enough for every table. */
    @Param({"64", "1024"})
    public int walkEntries;

    private BenchmarkMachine machine;
    private Traffic traffic;

    /** Sets the machine up and goes round once. */
    @Setup(Level.Trial)
    public void setUp() {
        CacheGeometry walk = CacheGeometry.of(walkEntries / WAYS, WAYS, ReplacementPolicy.LRU);
        CacheConfiguration caches = CacheConfiguration.standard()
                .withIotlb(CacheGeometry.of(IOTLB_ENTRIES / WAYS, WAYS, ReplacementPolicy.LRU))
                .withWalk(CacheConfiguration.everyHeight(walk));
        machine = architecture.machine(Workload.of(caches, 1, pages));
        traffic = new Traffic(machine, order == Order.CYCLIC ? Traffic.cyclic(pages) : Traffic.shuffled(pages), 1);
        traffic.warmUp();
        machine.resetCounters();
    }

    /** Every lookup was a miss, and walks started at the last table wherever the walk cache could hold them all. */
    @TearDown(Level.Trial)
    public void tearDown() {
        BenchmarkMachine.require("translated", traffic.sent(), machine.translated());
        BenchmarkMachine.require("IOTLB misses", traffic.sent(), machine.iotlb().misses());
        BenchmarkMachine.require(
                "IOTLB evictions", traffic.sent(), machine.iotlb().evictions());
        if (pages / PAGES_OF_A_TABLE <= walkEntries) {
            BenchmarkMachine.require(
                    "walk cache hits", traffic.sent(), machine.walkCache(1).hits());
        }
        machine.close();
    }

    /** A miss and its walk. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long miss() {
        return traffic.batch();
    }
}
