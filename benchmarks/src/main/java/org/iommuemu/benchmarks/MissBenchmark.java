// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.util.concurrent.TimeUnit;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.jspecify.annotations.Nullable;
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
 * The one-stage miss: configuration in its cache, an IOTLB of 64 entries, which is far too small, four levels of 4 KiB tables walked from where the
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

    /** Who translates. */
    @Param
    public Architecture architecture;

    /** Working set in pages. */
    @Param({"512", "65536", "1048576"})
    public int pages;

    /** Order of the pages. */
    @Param
    public Order order;

    /** Entries of the walk cache of each height: the standard, and enough for every table. */
    @Param({"64", "4096"})
    public int walkEntries;

    private BenchmarkMachine machine;
    private Traffic traffic;
    private @Nullable ExpectedHits expected;

    /** Sets the machine up and goes round once. */
    @Setup(Level.Trial)
    public void setUp() {
        CacheGeometry walk = CacheGeometry.of(walkEntries / WAYS, WAYS, ReplacementPolicy.LRU);
        CacheConfiguration caches = CacheConfiguration.standard()
                .withIotlb(CacheGeometry.of(IOTLB_ENTRIES / WAYS, WAYS, ReplacementPolicy.LRU))
                .withWalk(CacheConfiguration.everyHeight(walk));
        machine = architecture.machine(Workload.of(caches, 1, pages));
        int[] accesses = order.of(pages);
        expected = order == Order.ZIPF ? new ExpectedHits(accesses, IOTLB_ENTRIES / WAYS, WAYS) : null;
        traffic = new Traffic(machine, accesses, 1);
        traffic.warmUp();
        machine.resetCounters();
    }

    /**
     * Every lookup was a miss, or under Zipf's law as many as a list in order of use says; walks started at the last table wherever
     * the walk cache could hold them all.
     */
    @TearDown(Level.Trial)
    public void tearDown() {
        long hits = expected == null ? 0 : expected.among(traffic.sent());
        long misses = traffic.sent() - hits;
        BenchmarkMachine.require("translated", traffic.sent(), machine.translated());
        BenchmarkMachine.require("IOTLB hits", hits, machine.iotlb().hits());
        BenchmarkMachine.require("IOTLB misses", misses, machine.iotlb().misses());
        BenchmarkMachine.require("IOTLB evictions", misses, machine.iotlb().evictions());
        if (pages / PAGES_OF_A_TABLE <= walkEntries) {
            BenchmarkMachine.require(
                    "walk cache hits", misses, machine.walkCache(1).hits());
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
