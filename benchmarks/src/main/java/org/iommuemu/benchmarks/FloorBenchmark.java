// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
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
 * The physical floor: the memory accesses that a case cannot do without, each after those that it needs, on bare memory of the same
 * footprint, without model, counters or order of use. What ours take is to be read as a multiple of it.
 *
 * <p>Caches are {@link BareTable}s. A hit probes a configuration cache of 64 and the IOTLB. A miss probes both, then the walk cache,
 * reads the descriptor where that says, and writes an IOTLB entry. A nested miss reads a stage 1 descriptor so, probes the IPA cache
 * and does the same for what it says, and writes two entries. A fault does as a miss does, but writes a record to a queue.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FloorBenchmark {
    private static final int CONTEXTS = 64;
    private static final int SMALL = 64;
    private static final int STREAM = 0;

    /** Pages in shuffled order, a configuration cache and an IOTLB. */
    @State(Scope.Thread)
    public abstract static class Pages {
        private final BareTable contexts = new BareTable(CONTEXTS);
        private BareTable iotlb;
        int[] order;
        private int next;
        private long done;
        private long right;

        void setUp(int pages, int entries) {
            contexts.put(STREAM, 0);
            iotlb = new BareTable(entries);
            order = Traffic.shuffled(pages);
        }

        /** Moves to the next batch; returns where this one starts. */
        int start() {
            int from = next;
            next = from + Traffic.BATCH == order.length ? 0 : from + Traffic.BATCH;
            return from;
        }

        /** Probes for a page, under what the configuration says. */
        long probe(int page) {
            return iotlb.find(page + contexts.find(STREAM));
        }

        void fill(int page, long value) {
            iotlb.put(page, value);
        }

        long count(int rightOnes) {
            done += Traffic.BATCH;
            right += rightOnes;
            return right;
        }

        /** Everything that was probed for was found or not as it was to be, and everything read was right. */
        @TearDown(Level.Trial)
        public void tearDown() {
            BenchmarkMachine.require("right", done, right);
        }
    }

    /** A working set of half of the IOTLB. */
    @State(Scope.Thread)
    public static class Hits extends Pages {
        /** Entries of the IOTLB. */
        @Param({"64", "4096", "65536"})
        public int entries;

        /** Fills it. */
        @Setup(Level.Trial)
        public void setUp() {
            setUp(entries / 2, entries);
            for (int page : order) {
                fill(page, page);
            }
        }
    }

    /** A working set of which an IOTLB of 64 entries never holds what comes next. */
    @State(Scope.Thread)
    public static class Misses extends Pages {
        /** Working set in pages. */
        @Param({"512", "65536", "1048576"})
        public int pages;

        private BareTables stage1;

        /** Maps them. */
        @Setup(Level.Trial)
        public void setUp() {
            setUp(pages, SMALL);
            stage1 = new BareTables(pages);
        }
    }

    /** The same of both stages. */
    @State(Scope.Thread)
    public static class NestedMisses extends Pages {
        /** Working set in pages. */
        @Param("65536")
        public int pages;

        private BareTables stage1;
        private BareTables stage2;
        private BareTable ipaCache;

        /** Maps them. */
        @Setup(Level.Trial)
        public void setUp() {
            setUp(pages, SMALL);
            stage1 = new BareTables(pages);
            stage2 = new BareTables(pages);
            ipaCache = new BareTable(SMALL);
        }
    }

    /** Pages whose descriptors say no, and a queue that says so. */
    @State(Scope.Thread)
    public static class Faults extends Pages {
        private static final int PAGES = 512;
        private static final int RECORDS = 4096;
        private static final int RECORD_BYTES = 32;

        private final ByteBuffer queue = BareTable.offHeap(RECORDS * RECORD_BYTES);
        private BareTables stage1;
        private int producer;

        /** Maps them. */
        @Setup(Level.Trial)
        public void setUp() {
            setUp(PAGES, SMALL);
            stage1 = new BareTables(PAGES);
        }

        void record(int page, long descriptor) {
            int at = (producer++ & RECORDS - 1) * RECORD_BYTES;
            queue.putLong(at, STREAM);
            queue.putLong(at + Long.BYTES, descriptor);
            queue.putLong(at + 2 * Long.BYTES, page);
            queue.putLong(at + 3 * Long.BYTES, 0);
        }
    }

    /** The floor of a hit. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long hit(Hits state) {
        int from = state.start();
        int right = 0;
        for (int i = from; i < from + Traffic.BATCH; i++) {
            int page = state.order[i];
            right += state.probe(page) == page ? 1 : 0;
        }
        return state.count(right);
    }

    /** The floor of a miss. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long miss(Misses state) {
        int from = state.start();
        int right = 0;
        for (int i = from; i < from + Traffic.BATCH; i++) {
            int page = state.order[i];
            boolean missed = state.probe(page) == BareTable.NONE;
            long descriptor = state.stage1.walk(page);
            state.fill(page, descriptor);
            right += missed && descriptor == state.stage1.outputOf(page) ? 1 : 0;
        }
        return state.count(right);
    }

    /** The floor of a miss of both stages. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long nestedMiss(NestedMisses state) {
        int from = state.start();
        int right = 0;
        for (int i = from; i < from + Traffic.BATCH; i++) {
            int page = state.order[i];
            boolean missed = state.probe(page) == BareTable.NONE;
            long ipa = state.stage1.walk(page);
            missed &= state.ipaCache.find(ipa) == BareTable.NONE;
            long descriptor = state.stage2.walk(ipa);
            state.ipaCache.put(ipa, descriptor);
            state.fill(page, descriptor);
            right += missed && descriptor == page ? 1 : 0;
        }
        return state.count(right);
    }

    /** The floor of a recorded fault. */
    @Benchmark
    @OperationsPerInvocation(Traffic.BATCH)
    public long fault(Faults state) {
        int from = state.start();
        int right = 0;
        for (int i = from; i < from + Traffic.BATCH; i++) {
            int page = state.order[i];
            boolean missed = state.probe(page) == BareTable.NONE;
            long descriptor = state.stage1.walk(page);
            state.record(page, descriptor);
            right += missed && descriptor == state.stage1.outputOf(page) ? 1 : 0;
        }
        return state.count(right);
    }
}
