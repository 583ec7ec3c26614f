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
 * The hit: configuration in its cache, translation in the IOTLB, the next address independent of the last answer. The working
 * set is half of the IOTLB, in an order that is shuffled but repeats.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class HitBenchmark {
    private static final int WAYS = 4;

    /** One stream, IOTLBs of many sizes. */
    @State(Scope.Thread)
    public static class OneStream extends Hits {
        /** Entries of the IOTLB. */
        @Param({"64", "256", "1024", "4096", "16384", "65536"})
        public int entries;

        @Setup(Level.Trial)
        public void setUp() {
            setUp(entries, 1, entries / 2);
        }
    }

    /** As many streams as the configuration cache holds, each with an address space of its own. */
    @State(Scope.Thread)
    public static class ManyStreams extends Hits {
        private static final int ENTRIES = 4096;
        private static final int PAGES_OF_EACH = 16;

        /** Number of streams. */
        @Param("64")
        public int streams;

        @Setup(Level.Trial)
        public void setUp() {
            setUp(ENTRIES, streams, PAGES_OF_EACH);
        }
    }

    /** A machine whose caches hold all that its traffic needs. */
    @State(Scope.Thread)
    public abstract static class Hits {
        /** Who translates. */
        @Param
        public Architecture architecture;

        private BenchmarkMachine machine;
        Traffic traffic;

        void setUp(int entries, int streams, int pagesOfEach) {
            CacheGeometry iotlb = CacheGeometry.of(entries / WAYS, WAYS, ReplacementPolicy.LRU);
            CacheConfiguration caches = CacheConfiguration.standard().withIotlb(iotlb);
            machine = architecture.machine(Workload.of(caches, streams, pagesOfEach));
            traffic = new Traffic(machine, Traffic.shuffled(streams * pagesOfEach), streams);
            traffic.warmUp();
            machine.resetCounters();
        }

        /** Every lookup was a hit. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("translated", traffic.sent(), machine.translated());
            BenchmarkMachine.require(
                    "IOTLB hits", traffic.sent(), machine.iotlb().hits());
            BenchmarkMachine.require("IOTLB misses", 0, machine.iotlb().misses());
            BenchmarkMachine.require(
                    "configuration hits",
                    traffic.sent(),
                    machine.configurations().hits());
            machine.close();
        }
    }

    /** One stream. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long oneStream(OneStream state) {
        return state.traffic.batch();
    }

    /** Many streams in turn. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long manyStreams(ManyStreams state) {
        return state.traffic.batch();
    }
}
