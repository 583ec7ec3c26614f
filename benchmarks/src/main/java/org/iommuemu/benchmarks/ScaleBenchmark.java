// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
 * What 65,536 streams cost beside one, with as many pages: by the model nothing, as caches are looked up alike, so that what is
 * left is the host's caches. With 64 pages in use, those hold what is needed. The caches for configuration and tables hold all
 * there is; the IOTLB holds all pages, or hardly any.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ScaleBenchmark {
    private static final int PAGES = 1 << 16;
    /** Enough of both that no set is short of ways. */
    private static final int WAYS = 4;

    private static final int LARGE = 1 << 18;
    private static final int SMALL = 16;
    private static final int PAGE_BYTES = 1 << 12;

    /** Whose the pages are. */
    public enum Spread {
        /** One stream's, side by side: 128 last tables. */
        ONE_STREAM(1, 1),
        /** One stream's, 2 MiB and a page apart: a last table for each page, as many streams would have. */
        ONE_STREAM_SPARSE(1, 513),
        /** 64 streams', side by side: what so few are in use of many is to be compared with. */
        FEW_STREAMS(64, 1),
        /** A stream's each, with a CD and four tables of its own. */
        MANY_STREAMS(PAGES, 1);

        private final int streams;
        private final int stride;

        Spread(int streams, int stride) {
            this.streams = streams;
            this.stride = stride;
        }
    }

    private static CacheGeometry entries(int count) {
        return CacheGeometry.of(count / WAYS, WAYS, ReplacementPolicy.LRU);
    }

    /** A machine with 65,536 pages. */
    @State(Scope.Thread)
    public abstract static class Pages {
        /** Whose the pages are. */
        @Param
        public Spread spread;

        /** How many of the pages are in use; the others are live, but nobody asks for them any more. */
        @Param({"64", "1024", "65536"})
        public int inUse;

        BenchmarkMachine machine;
        Traffic traffic;

        void setUp(int iotlbEntries) {
            CacheConfiguration caches = CacheConfiguration.standard()
                    .withConfiguration(entries(LARGE))
                    .withIotlb(entries(iotlbEntries))
                    .withWalk(CacheConfiguration.everyHeight(entries(LARGE)));
            machine = Architecture.SMMUV3.machine(
                    Workload.of(caches, spread.streams, PAGES / spread.streams).withStride(spread.stride));
            new Traffic(machine, Traffic.shuffled(PAGES), spread.streams).warmUp();
            traffic = new Traffic(machine, Traffic.shuffled(inUse), spread.streams);
            traffic.warmUp();
            machine.resetCounters();
        }

        /** Configuration was always at hand; IOTLB misses are what they should be. */
        void tearDown(long hits, long misses) {
            BenchmarkMachine.require(
                    "configuration hits",
                    traffic.sent(),
                    machine.configurations().hits());
            BenchmarkMachine.require("IOTLB hits", hits, machine.iotlb().hits());
            BenchmarkMachine.require("IOTLB misses", misses, machine.iotlb().misses());
            BenchmarkMachine.require(
                    "walk cache hits", misses, machine.walkCache(1).hits());
            machine.close();
        }
    }

    /** All pages in the IOTLB. */
    @State(Scope.Thread)
    public static class Hits extends Pages {
        /** Fills the caches. */
        @Setup(Level.Trial)
        public void setUp() {
            setUp(LARGE);
        }

        /** Every lookup was a hit. */
        @TearDown(Level.Trial)
        public void tearDown() {
            tearDown(traffic.sent(), 0);
        }
    }

    /** Hardly any page in the IOTLB. */
    @State(Scope.Thread)
    public static class Misses extends Pages {
        /** Fills the other caches. */
        @Setup(Level.Trial)
        public void setUp() {
            setUp(SMALL);
        }

        /** Every lookup was a miss, and read one descriptor. */
        @TearDown(Level.Trial)
        public void tearDown() {
            tearDown(0, traffic.sent());
        }
    }

    /** A ring through one word of each of as many pages: what the host charges for descriptors in tables of their own. */
    @State(Scope.Thread)
    public static class Ring {
        private ByteBuffer words;
        private int at;

        /** Links them in shuffled order. */
        @Setup(Level.Trial)
        public void setUp() {
            words = ByteBuffer.allocateDirect(PAGES * PAGE_BYTES).order(ByteOrder.nativeOrder());
            int[] order = Traffic.shuffled(PAGES);
            for (int i = 0; i < PAGES; i++) {
                words.putInt(order[i] * PAGE_BYTES, order[(i + 1) % PAGES] * PAGE_BYTES);
            }
            at = order[0] * PAGE_BYTES;
        }

        /** It leads back after as many steps as there are pages. */
        @TearDown(Level.Trial)
        public void tearDown() {
            int start = at;
            int length = 0;
            do {
                step(1);
                length++;
            } while (at != start);
            BenchmarkMachine.require("length of the ring", PAGES, length);
        }

        int step(int count) {
            int place = at;
            for (int i = 0; i < count; i++) {
                place = words.getInt(place);
            }
            at = place;
            return place;
        }
    }

    /** A hit. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long hit(Hits state) {
        return state.traffic.batch();
    }

    /** A miss and its walk. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long miss(Misses state) {
        return state.traffic.batch();
    }

    /** A dependent read of another page. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public int chasePages(Ring ring) {
        return ring.step(Traffic.BATCH);
    }
}
