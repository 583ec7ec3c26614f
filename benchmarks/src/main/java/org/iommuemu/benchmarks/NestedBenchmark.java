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
 * Two stages: 65,536 pages in shuffled order, four levels of 4 KiB tables over four levels of 4 KiB tables. A hit finds the
 * combined translation in the IOTLB. A miss walks stage 1, translates what comes out by stage 2, where the IPA cache is far too
 * small, too, and fills both; walks start where the walk caches allow.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class NestedBenchmark {
    private static final int WAYS = 4;
    private static final int SMALL = 64;
    private static final int PAGES_OF_A_TABLE = 512;

    private static CacheGeometry entries(int count) {
        return CacheGeometry.of(count / WAYS, WAYS, ReplacementPolicy.LRU);
    }

    private static Traffic start(BenchmarkMachine machine, int pages) {
        Traffic traffic = new Traffic(machine, Traffic.shuffled(pages), 1);
        traffic.warmUp();
        machine.resetCounters();
        return traffic;
    }

    /** Everything in the IOTLB; the working set is half of it. */
    @State(Scope.Thread)
    public static class Hits {
        /** Who translates. */
        @Param({"SMMUV3", "VTD_SCALABLE"})
        public Architecture architecture;

        /** Entries of the IOTLB. */
        @Param("4096")
        public int entries;

        private BenchmarkMachine machine;
        private Traffic traffic;

        /** Fills the IOTLB. */
        @Setup(Level.Trial)
        public void setUp() {
            CacheConfiguration caches = CacheConfiguration.standard().withIotlb(entries(entries));
            machine = architecture.machine(Workload.of(caches, 1, entries / 2).nested());
            traffic = start(machine, entries / 2);
        }

        /** Every lookup was a hit, and stage 2 was not asked. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("translated", traffic.sent(), machine.translated());
            BenchmarkMachine.require(
                    "IOTLB hits", traffic.sent(), machine.iotlb().hits());
            BenchmarkMachine.require("IOTLB misses", 0, machine.iotlb().misses());
            BenchmarkMachine.require("IPA cache lookups", 0, machine.ipaCache().lookups());
            machine.close();
        }
    }

    /** Nothing in the IOTLB, nor in the IPA cache. */
    @State(Scope.Thread)
    public static class Misses {
        /** Who translates. */
        @Param({"SMMUV3", "VTD_SCALABLE"})
        public Architecture architecture;

        /** Working set in pages. */
        @Param("65536")
        public int pages;

        /** Entries of the walk cache of each height and stage: the standard, and enough for every table. */
        @Param({"64", "1024"})
        public int walkEntries;

        private BenchmarkMachine machine;
        private Traffic traffic;

        /** Goes round once. */
        @Setup(Level.Trial)
        public void setUp() {
            CacheConfiguration caches = CacheConfiguration.standard()
                    .withIotlb(entries(SMALL))
                    .withIpa(entries(SMALL))
                    .withWalk(CacheConfiguration.everyHeight(entries(walkEntries)))
                    .withStage2Walk(CacheConfiguration.everyHeight(entries(walkEntries)));
            machine = architecture.machine(Workload.of(caches, 1, pages).nested());
            traffic = start(machine, pages);
        }

        /** Every lookup was a miss at both stages; where walk caches hold every table, walks started at the last one. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("translated", traffic.sent(), machine.translated());
            BenchmarkMachine.require(
                    "IOTLB misses", traffic.sent(), machine.iotlb().misses());
            if (pages / PAGES_OF_A_TABLE <= walkEntries / 2) {
                BenchmarkMachine.require(
                        "IPA cache misses", traffic.sent(), machine.ipaCache().misses());
                BenchmarkMachine.require(
                        "IPA cache lookups", traffic.sent(), machine.ipaCache().lookups());
                BenchmarkMachine.require(
                        "walk cache hits", traffic.sent(), machine.walkCache(1).hits());
                BenchmarkMachine.require(
                        "stage 2 walk cache hits",
                        traffic.sent(),
                        machine.stage2WalkCache(1).hits());
            }
            machine.close();
        }
    }

    /** A hit. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long hit(Hits state) {
        return state.traffic.batch();
    }

    /** A miss, and its walks of both stages. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long miss(Misses state) {
        return state.traffic.batch();
    }
}
